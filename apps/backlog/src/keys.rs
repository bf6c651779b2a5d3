//! Keys of items: their path from the root, such as `e1.f2.s3.t1` or `e1.f2.s3.c1`. Stable and short; an item that is
//! written again has the key that it had.

use model::WorkItemKind;

/// The key of the `position`-th child (from 1) of that kind.
pub(crate) fn child(parent: &str, kind: WorkItemKind, position: u32) -> String {
    let letter = letter(kind);
    if parent.is_empty() { format!("{letter}{position}") } else { format!("{parent}.{letter}{position}") }
}

/// The parent's key; `None` for a root.
pub(crate) fn parent(key: &str) -> Option<&str> {
    key.rsplit_once('.').map(|(parent, _)| parent)
}

/// The keys from the root down to the item itself.
pub(crate) fn path(key: &str) -> impl Iterator<Item = &str> {
    let dots = key.match_indices('.').map(|(at, _)| at).chain([key.len()]);
    dots.map(move |at| &key[..at])
}

/// The positions from the root down: `e1.f2.s3` is `[1, 2, 3]`. `None` for a text that is no key.
pub(crate) fn positions(key: &str) -> Option<Vec<u32>> {
    const LETTERS: [&[char]; 4] = [&['e'], &['f'], &['s'], &['t', 'c']];
    let parts: Vec<&str> = key.split('.').collect();
    if parts.len() > LETTERS.len() {
        return None;
    }
    parts
        .iter()
        .zip(LETTERS)
        .map(|(part, letters)| part.strip_prefix(letters)?.parse().ok().filter(|n| *n > 0))
        .collect()
}

/// The path in digits of a fixed width: tasks come before test cases, and below their story.
pub(crate) fn sort(parent_key: &str, kind: WorkItemKind, position: u32) -> String {
    let mut sort: String =
        positions(parent_key).unwrap_or_default().iter().map(|position| format!("{position:02}")).collect();
    sort.push_str(match kind {
        WorkItemKind::Task => "1",
        WorkItemKind::TestCase => "2",
        WorkItemKind::Epic | WorkItemKind::Feature | WorkItemKind::Story => "",
    });
    sort.push_str(&format!("{position:02}"));
    sort
}

fn letter(kind: WorkItemKind) -> char {
    match kind {
        WorkItemKind::Epic => 'e',
        WorkItemKind::Feature => 'f',
        WorkItemKind::Story => 's',
        WorkItemKind::Task => 't',
        WorkItemKind::TestCase => 'c',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_paths() {
        let story = child(
            &child(&child("", WorkItemKind::Epic, 1), WorkItemKind::Feature, 2),
            WorkItemKind::Story,
            3,
        );
        assert_eq!(story, "e1.f2.s3");
        assert_eq!(child(&story, WorkItemKind::TestCase, 1), "e1.f2.s3.c1");
        assert_eq!(parent("e1.f2.s3"), Some("e1.f2"));
        assert_eq!(parent("e1"), None);
        assert_eq!(path("e1.f2.s3").collect::<Vec<_>>(), ["e1", "e1.f2", "e1.f2.s3"]);
        assert_eq!(positions("e1.f2.s3.c4"), Some(vec![1, 2, 3, 4]));
        for strange in ["", "e", "e0", "f1", "e1.s1", "e1.f1.s1.t1.t1", "e1..", "e99999999999"] {
            assert_eq!(positions(strange), None, "{strange}");
        }
    }

    #[test]
    fn the_tree_is_in_depth_first_order() {
        let mut sorts = vec![
            sort("", WorkItemKind::Epic, 1),
            sort("e1", WorkItemKind::Feature, 1),
            sort("e1.f1", WorkItemKind::Story, 2),
            sort("e1.f1.s2", WorkItemKind::Task, 1),
            sort("e1.f1.s2", WorkItemKind::Task, 20),
            sort("e1.f1.s2", WorkItemKind::TestCase, 1),
            sort("e1.f1", WorkItemKind::Story, 10),
            sort("e1", WorkItemKind::Feature, 2),
            sort("", WorkItemKind::Epic, 10),
        ];
        let in_order = sorts.clone();
        sorts.sort();
        assert_eq!(sorts, in_order);
    }
}
