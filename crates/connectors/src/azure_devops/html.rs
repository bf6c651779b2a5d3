//! Plain text made into what Azure DevOps stores: HTML for descriptions, XML with HTML inside for test steps. Text is cut
//! before it is escaped, so that no tag and no entity is ever broken, and what was cut says so.

use model::TestStep;

/// Characters of a text field at most.
pub(crate) const FIELD_CHARS: usize = 1_000_000;
/// Characters kept free for what must not be cut: the notice and the reference.
const RESERVE: usize = 2_000;

/// HTML that grows up to a limit.
pub(crate) struct Html {
    out: String,
    chars: usize,
    limit: usize,
    cut: bool,
}

impl Html {
    pub(crate) fn new() -> Self {
        Self { out: String::new(), chars: 0, limit: FIELD_CHARS - RESERVE, cut: false }
    }

    /// A heading.
    pub(crate) fn heading(&mut self, text: &str) {
        self.element("h3", &one_line(text));
    }

    /// Plain text: blank lines part paragraphs, `- ` begins a bullet, other line ends are kept.
    pub(crate) fn text(&mut self, text: &str) {
        for block in blocks(text) {
            match block {
                Block::Paragraph(lines) => self.element("p", &lines.join("\n")),
                Block::Bullets(items) => self.list("ul", items.into_iter()),
            }
        }
    }

    /// Numbered items.
    pub(crate) fn numbered<'a>(&mut self, items: impl Iterator<Item = &'a str>) {
        self.list("ol", items.map(str::to_owned));
    }

    /// The whole, with a notice where it was cut, and `last` below it. `last` is a line that must be there.
    pub(crate) fn finish(mut self, last: &str) -> String {
        if self.cut {
            self.limit = FIELD_CHARS;
            self.cut = false;
            let notice = format!(
                "[Shortened by Headway: Azure DevOps takes {FIELD_CHARS} characters. The whole text is in Headway.]"
            );
            self.element("p", &notice);
        }
        if !last.is_empty() {
            self.limit = FIELD_CHARS;
            self.element("p", last);
        }
        self.out
    }

    fn list(&mut self, name: &str, items: impl Iterator<Item = String>) {
        let open = self.out.len();
        self.tag(&format!("<{name}>"));
        let inside = self.out.len();
        for item in items {
            self.element("li", &item);
        }
        if self.out.len() == inside {
            self.out.truncate(open);
        } else {
            self.tag(&format!("</{name}>"));
        }
    }

    fn element(&mut self, name: &str, text: &str) {
        if self.cut || text.is_empty() {
            return;
        }
        if self.chars + 2 * name.len() + 5 >= self.limit {
            self.cut = true;
            return;
        }
        self.tag(&format!("<{name}>"));
        // The end tag has its place in any case.
        let limit = self.limit - name.len() - 3;
        for c in text.chars() {
            let mut buffer = [0u8; 4];
            let (piece, size) = match c {
                '\n' => ("<br>", 4),
                _ => match escaped(c) {
                    Some(entity) => (entity, entity.len()),
                    None if c.is_control() => continue,
                    None => (&*c.encode_utf8(&mut buffer), c.len_utf16()),
                },
            };
            if self.chars + size > limit {
                self.cut = true;
                break;
            }
            self.out.push_str(piece);
            self.chars += size;
        }
        self.tag(&format!("</{name}>"));
    }

    fn tag(&mut self, tag: &str) {
        self.out.push_str(tag);
        self.chars += tag.len();
    }
}

enum Block {
    Paragraph(Vec<String>),
    Bullets(Vec<String>),
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut fresh = true;
    for line in text.lines().map(str::trim_end) {
        if line.trim().is_empty() {
            fresh = true;
            continue;
        }
        let bullet = line.trim_start().strip_prefix("- ").map(|item| item.trim().to_owned());
        match (bullet, blocks.last_mut()) {
            (Some(item), Some(Block::Bullets(items))) => items.push(item),
            (Some(item), _) => blocks.push(Block::Bullets(vec![item])),
            (None, Some(Block::Paragraph(lines))) if !fresh => lines.push(line.to_owned()),
            // A line below a bullet goes on with it.
            (None, Some(Block::Bullets(items))) if !fresh => {
                if let Some(item) = items.last_mut() {
                    item.push(' ');
                    item.push_str(line.trim());
                }
            }
            (None, _) => blocks.push(Block::Paragraph(vec![line.to_owned()])),
        }
        fresh = false;
    }
    blocks
}

/// The steps of a test case.
pub(crate) fn steps(steps: &[TestStep]) -> String {
    // The first step's id is 2: 1 is taken by the test case itself.
    const FIRST: usize = 2;
    let mut body = String::new();
    let mut chars = 0;
    let mut count = 0;
    for (index, step) in steps.iter().enumerate() {
        let mut xml = one_step(FIRST + index, &step.action, &step.expected);
        let size: usize = xml.chars().map(char::len_utf16).sum();
        let last = chars + size > FIELD_CHARS - RESERVE;
        if last {
            let notice = format!(
                "[Shortened by Headway: steps {} to {} are in Headway only.]",
                index + 1,
                steps.len()
            );
            xml = one_step(FIRST + index, &notice, "");
        }
        chars += size;
        body.push_str(&xml);
        count += 1;
        if last {
            break;
        }
    }
    format!(r#"<steps id="0" last="{}">{body}</steps>"#, count + FIRST - 1)
}

fn one_step(id: usize, action: &str, expected: &str) -> String {
    let kind = if expected.trim().is_empty() { "ActionStep" } else { "ValidateStep" };
    let text = |text: &str| {
        let inner = format!("<DIV><P>{}</P></DIV>", escape(text).replace('\n', "<BR/>"));
        format!(r#"<parameterizedString isformatted="true">{}</parameterizedString>"#, escape(&inner))
    };
    format!(r#"<step id="{id}" type="{kind}">{}{}<description/></step>"#, text(action), text(expected))
}

/// Text escaped for HTML and XML, without the characters that XML has no place for.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match escaped(c) {
            Some(entity) => out.push_str(entity),
            None if c == '\n' => out.push(c),
            None if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            None => out.push(c),
        }
    }
    out
}

fn escaped(c: char) -> Option<&'static str> {
    Some(match c {
        '<' => "&lt;",
        '>' => "&gt;",
        '&' => "&amp;",
        '"' => "&quot;",
        '\'' => "&#39;",
        _ => return None,
    })
}

/// Text on one line, without controls.
pub(crate) fn one_line(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    spaced.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{FIELD_CHARS, Html, one_line, steps};
    use model::TestStep;

    fn html(text: &str) -> String {
        let mut html = Html::new();
        html.text(text);
        html.finish("Ref: r1")
    }

    #[test]
    fn plain_text_becomes_html() {
        assert_eq!(
            html("One & <two>\nmore\n\n- a \"q\"\n- b\n  goes on\n\nEnd"),
            "<p>One &amp; &lt;two&gt;<br>more</p><ul><li>a &quot;q&quot;</li><li>b goes on</li></ul><p>End</p><p>Ref: r1</p>"
        );
        assert_eq!(html("\u{1b}[31mעברית 🙂\u{0}"), "<p>[31mעברית 🙂</p><p>Ref: r1</p>");
        assert_eq!(html(""), "<p>Ref: r1</p>");
        assert_eq!(one_line(" a\r\n b\tc "), "a b c");
    }

    #[test]
    fn a_text_over_the_limit_is_cut_whole_and_says_so() {
        for text in [
            "&".repeat(FIELD_CHARS),
            "🙂".repeat(FIELD_CHARS),
            "ab\n\n".repeat(FIELD_CHARS),
            "- x\n".repeat(FIELD_CHARS),
        ] {
            let html = html(&text);
            let size: usize = html.chars().map(char::len_utf16).sum();
            assert!(size <= FIELD_CHARS && size > FIELD_CHARS - 4_000, "{size}");
            assert!(html.ends_with("<p>Ref: r1</p>") && html.contains("Shortened by Headway"));
            assert_eq!(html.matches("<p>").count(), html.matches("</p>").count());
            assert_eq!(html.matches("<li>").count(), html.matches("</li>").count());
            assert_eq!(html.matches("<ul>").count(), html.matches("</ul>").count());
            assert_eq!(html.matches('&').count(), html.matches(';').count(), "no entity is broken");
        }
    }

    #[test]
    fn steps_are_escaped_twice() {
        let step =
            |action: &str, expected: &str| TestStep { action: action.into(), expected: expected.into() };
        let xml = steps(&[step("Enter <b> & go", "Seen"), step("Look", "")]);
        assert!(xml.starts_with(r#"<steps id="0" last="3"><step id="2" type="ValidateStep">"#), "{xml}");
        assert!(
            xml.contains("&lt;DIV&gt;&lt;P&gt;Enter &amp;lt;b&amp;gt; &amp;amp; go&lt;/P&gt;&lt;/DIV&gt;"),
            "{xml}"
        );
        assert!(xml.contains(r#"<step id="3" type="ActionStep">"#), "{xml}");
        let many = vec![step(&"<".repeat(3_000), "x"); 400];
        let xml = steps(&many);
        assert!(xml.len() <= FIELD_CHARS && xml.contains("Shortened by Headway"), "{}", xml.len());
    }
}
