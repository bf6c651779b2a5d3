//! Markdown as blocks of plain text: headings, list items with their depth, paragraphs. Any text is read; what is not
//! prose (code, comments, front matter, pictures) is left out.

/// Longest text of one block, in bytes: what is beyond says nothing about a product.
const MAX_BLOCK_BYTES: usize = 4_000;
/// Most blocks that are read.
const MAX_BLOCKS: usize = 8_000;
/// Deepest nesting of lists that is told apart.
const MAX_DEPTH: usize = 6;
/// Longest line that stands for a heading because it is bold, in bytes.
const MAX_BOLD_HEADING: usize = 80;
/// Level of a heading that is only bold, or only ends with a colon: below all real ones.
pub(crate) const PSEUDO_LEVEL: u8 = 7;

/// A block of text, without markup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Block {
    /// A heading, level 1 to 6; [`PSEUDO_LEVEL`] for a bold line.
    Heading(u8, String),
    /// A list item or a row of a table.
    Item {
        /// How deep it is nested, from 0.
        depth: usize,
        /// What stood in bold at its beginning, where something did.
        label: Option<String>,
        /// Its text, the label included.
        text: String,
    },
    /// Prose.
    Paragraph(String),
}

/// Reads all blocks.
pub(crate) fn blocks(markdown: &str) -> Vec<Block> {
    let mut reader = Reader::default();
    let text = markdown.strip_prefix('\u{feff}').unwrap_or(markdown);
    for line in without_front_matter(text).lines() {
        if reader.blocks.len() >= MAX_BLOCKS {
            break;
        }
        reader.line(line);
    }
    reader.flush();
    reader.blocks
}

/// A line's text without markup and control characters, its spaces folded.
pub(crate) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(MAX_BLOCK_BYTES));
    let mut rest = cut(text, MAX_BLOCK_BYTES);
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        rest = match c {
            '!' if after.starts_with('[') => link(&after[1..]).map_or(after, |(_, rest)| rest),
            '[' => match link(after) {
                Some((label, rest)) => {
                    out.extend(label.chars().filter_map(shown));
                    rest
                }
                None => after,
            },
            '<' => match tag_end(after) {
                Some(rest) => rest,
                None => {
                    out.push(c);
                    after
                }
            },
            '\\' if after.starts_with(|next: char| next.is_ascii_punctuation()) => {
                out.push_str(&after[..1]);
                &after[1..]
            }
            '*' | '`' => after,
            '_' if !is_inside_word(&out, after) => after,
            ']' => after,
            _ => {
                out.extend(shown(c));
                after
            }
        };
    }
    let mut folded = String::with_capacity(out.len());
    for word in out.split(' ').filter(|word| !word.is_empty()) {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.push_str(word);
    }
    folded
}

/// What a character of prose is shown as: a space for spaces and control characters, nothing for what is not seen.
fn shown(c: char) -> Option<char> {
    match c {
        // Marks that turn the direction of text round would turn the sentences that quote it.
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => None,
        _ if c.is_control() || c.is_whitespace() => Some(' '),
        _ => Some(c),
    }
}

/// The longest beginning of at most `bytes` bytes.
pub(crate) fn cut(text: &str, bytes: usize) -> &str {
    if text.len() <= bytes {
        return text;
    }
    let mut end = bytes;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn without_front_matter(text: &str) -> &str {
    let Some(rest) = text.strip_prefix("---\n").or_else(|| text.strip_prefix("---\r\n")) else { return text };
    match rest.find("\n---") {
        Some(end) => rest[end + 4..].split_once('\n').map_or("", |(_, rest)| rest),
        None => text,
    }
}

#[derive(Default)]
struct Reader {
    blocks: Vec<Block>,
    /// What is being gathered: lines of one paragraph or item.
    open: Option<Open>,
    /// The fence that ends the code block under way.
    fence: Option<&'static str>,
    comment: bool,
    /// Indents of the list items that enclose the present line.
    indents: Vec<usize>,
    /// Whether the header of the table under way has gone by.
    table: bool,
}

struct Open {
    item: Option<usize>,
    text: String,
}

impl Reader {
    fn line(&mut self, line: &str) {
        let trimmed = line.trim();
        if self.is_hidden(trimmed) {
            return;
        }
        let trimmed = trimmed.trim_start_matches('>').trim();
        if trimmed.is_empty() {
            self.flush();
            self.table = false;
            return;
        }
        if let Some((level, text)) = heading(trimmed) {
            self.flush();
            self.indents.clear();
            self.push_heading(level, &text);
        } else if self.is_underline(trimmed) || is_rule(trimmed) {
            self.flush();
        } else if trimmed.starts_with('|') {
            self.flush();
            self.row(trimmed);
        } else if let Some(text) = item(trimmed) {
            self.flush();
            let depth = self.depth(line);
            self.open = Some(Open { item: Some(depth), text: cut(text, MAX_BLOCK_BYTES).to_owned() });
        } else {
            match &mut self.open {
                Some(open) => {
                    open.text.push(' ');
                    let room = MAX_BLOCK_BYTES.saturating_sub(open.text.len());
                    open.text.push_str(cut(trimmed, room));
                }
                None => {
                    if !line.starts_with([' ', '\t']) {
                        self.indents.clear();
                    }
                    self.open = Some(Open { item: None, text: cut(trimmed, MAX_BLOCK_BYTES).to_owned() });
                }
            }
        }
    }

    /// Whether the line is code or a comment.
    fn is_hidden(&mut self, trimmed: &str) -> bool {
        if let Some(fence) = self.fence {
            if trimmed.starts_with(fence) {
                self.fence = None;
            }
            return true;
        }
        if self.comment {
            self.comment = !trimmed.contains("-->");
            return true;
        }
        for fence in ["```", "~~~"] {
            if trimmed.starts_with(fence) {
                self.flush();
                self.fence = Some(fence);
                return true;
            }
        }
        if trimmed.starts_with("<!--") {
            self.comment = !trimmed.contains("-->");
            return true;
        }
        false
    }

    /// A line of `=` or `-` below a single line of text makes that line a heading.
    fn is_underline(&mut self, trimmed: &str) -> bool {
        let level = match trimmed.as_bytes().first() {
            Some(b'=') if trimmed.bytes().all(|byte| byte == b'=') => 1,
            Some(b'-') if trimmed.len() > 1 && trimmed.bytes().all(|byte| byte == b'-') => 2,
            _ => return false,
        };
        match self.open.take() {
            Some(Open { item: None, text }) => {
                self.push_heading(level, &plain(&text));
                true
            }
            other => {
                self.open = other;
                false
            }
        }
    }

    fn depth(&mut self, line: &str) -> usize {
        let indent: usize =
            line.chars().take_while(|c| c.is_whitespace()).map(|c| if c == '\t' { 4 } else { 1 }).sum();
        while self.indents.last().is_some_and(|outer| *outer >= indent) {
            self.indents.pop();
        }
        let depth = self.indents.len();
        if depth < MAX_DEPTH {
            self.indents.push(indent);
        }
        depth
    }

    fn row(&mut self, line: &str) {
        let cells: Vec<String> = line.trim_matches('|').split('|').map(plain).collect();
        let is_ruler = cells.iter().all(|cell| cell.chars().all(|c| matches!(c, '-' | ':' | ' ')));
        if is_ruler {
            self.table = true;
            return;
        }
        if !self.table {
            return;
        }
        let mut cells = cells.into_iter().filter(|cell| !cell.is_empty());
        let Some(label) = cells.next() else { return };
        let rest: Vec<String> = cells.collect();
        let text = if rest.is_empty() { label.clone() } else { format!("{label}: {}", rest.join("; ")) };
        self.blocks.push(Block::Item { depth: 0, label: Some(label), text });
    }

    fn push_heading(&mut self, level: u8, text: &str) {
        let text = text.trim_matches(|c: char| c == '#' || c.is_whitespace()).trim_end_matches(':').trim();
        if !text.is_empty() {
            self.blocks.push(Block::Heading(level, text.to_owned()));
        }
    }

    fn flush(&mut self) {
        let Some(open) = self.open.take() else { return };
        let text = plain(&open.text);
        if text.is_empty() {
            return;
        }
        match open.item {
            Some(depth) => {
                let label = bold_label(&open.text);
                self.blocks.push(Block::Item { depth, label, text });
            }
            None if is_bold_heading(&open.text) => self.push_heading(PSEUDO_LEVEL, &text),
            None => self.blocks.push(Block::Paragraph(text)),
        }
    }
}

fn heading(line: &str) -> Option<(u8, String)> {
    let level = line.bytes().take_while(|byte| *byte == b'#').count();
    let rest = &line[level..];
    if !(1..=6).contains(&level) || !rest.starts_with(char::is_whitespace) {
        return None;
    }
    Some((level as u8, plain(rest)))
}

/// A line across the page, or the underline of nothing.
fn is_rule(line: &str) -> bool {
    let marks = |mark: char| line.chars().all(|c| c == mark || c == ' ');
    line.len() > 2 && (marks('-') || marks('*') || marks('_') || marks('='))
}

/// The text of a list item, without its mark and its checkbox.
fn item(line: &str) -> Option<&str> {
    let bullet = line
        .strip_prefix(['-', '*', '+', '•', '–', '·'])
        .filter(|rest| rest.starts_with(char::is_whitespace));
    let text = bullet.or_else(|| {
        let digits = line.bytes().take_while(u8::is_ascii_digit).count();
        let rest = line[digits..].strip_prefix(['.', ')'])?;
        ((1..=9).contains(&digits) && rest.starts_with(char::is_whitespace)).then_some(rest)
    })?;
    let text = text.trim_start();
    let text = ["[ ]", "[x]", "[X]"].iter().find_map(|mark| text.strip_prefix(mark)).unwrap_or(text);
    Some(text.trim_start())
}

/// What stands in bold at the beginning of an item.
fn bold_label(text: &str) -> Option<String> {
    let (mark, rest) = ["**", "__"].iter().find_map(|mark| Some((*mark, text.strip_prefix(mark)?)))?;
    let (label, _) = rest.split_once(mark)?;
    let label = plain(label);
    let label = label.trim_end_matches([':', '.', ' ', '-', '–', '—']).trim();
    (!label.is_empty() && label.len() <= MAX_BOLD_HEADING).then(|| label.to_owned())
}

fn is_bold_heading(text: &str) -> bool {
    let inner = ["**", "__"]
        .iter()
        .find_map(|mark| text.strip_prefix(mark)?.trim_end_matches(':').strip_suffix(mark));
    inner.is_some_and(|inner| {
        inner.len() <= MAX_BOLD_HEADING && !inner.contains("**") && !inner.contains("__")
    })
}

/// The label of a link whose `[` has gone by, and what follows the link.
fn link(text: &str) -> Option<(&str, &str)> {
    let close = text.find(']')?;
    let (label, rest) = (&text[..close], &text[close + 1..]);
    if label.contains('[') {
        return None;
    }
    let after = match rest.strip_prefix('(') {
        Some(target) => &target[target.find(')')? + 1..],
        None => rest,
    };
    Some((label, after))
}

/// What follows an HTML tag whose `<` has gone by; `None` where it is no tag.
fn tag_end(text: &str) -> Option<&str> {
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    let end = text.find('>')?;
    (begins && end < 200 && !text[..end].contains('<')).then(|| &text[end + 1..])
}

fn is_inside_word(before: &str, after: &str) -> bool {
    before.ends_with(char::is_alphanumeric) && after.starts_with(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(markdown: &str, expected: Expect) {
        let mut out = String::new();
        for block in blocks(markdown) {
            match block {
                Block::Heading(level, text) => out.push_str(&format!("h{level} {text}\n")),
                Block::Item { depth, label, text } => {
                    let label = label.map(|label| format!("[{label}] ")).unwrap_or_default();
                    out.push_str(&format!("{}- {label}{text}\n", "  ".repeat(depth)));
                }
                Block::Paragraph(text) => out.push_str(&format!("{text}\n")),
            }
        }
        expected.assert_eq(&out);
    }

    #[test]
    fn headings_lists_and_prose() {
        check(
            "---\ntitle: x\n---\nShop\n====\n\nSells *things*\nonline.\n\n## Features ##\n- **Cart**: holds\n  things\n  1. add\n  2) remove\n- [ ] `pay` by [card](http://x)\n\n**Goals:**\n\n* fast\n",
            expect![[r#"
                h1 Shop
                Sells things online.
                h2 Features
                - [Cart] Cart: holds things
                  - add
                  - remove
                - pay by card
                h7 Goals
                - fast
            "#]],
        );
    }

    #[test]
    fn what_is_no_prose_is_left_out() {
        check(
            "# A\n```\n# no heading\n- no item\n```\n<!-- a\ncomment -->\n![logo](x.png) <b>bold</b> a < b\n\n> quoted\n\n| Role | Need |\n|---|:--|\n| Cook | a menu |\n| | |\n---\n",
            expect![[r#"
                h1 A
                bold a < b
                quoted
                - [Cook] Cook: a menu
            "#]],
        );
    }

    #[test]
    fn strange_marks_do_no_harm() {
        check(
            "#\n##  \n[]()[[x]\\*\n\u{202e}evil\u{7}bell\n-\n- \n*\n\n[a\0b\u{202e}](x)\n",
            expect![[r#"
            # ## x* evil bell - -
            a b
        "#]],
        );
        let long = format!("- {}", "ä".repeat(1_000_000));
        let blocks = blocks(&long);
        let [Block::Item { text, .. }] = blocks.as_slice() else { panic!("an item") };
        assert!(text.len() <= MAX_BLOCK_BYTES);
    }
}
