//! The text of one comment to Markdown that rustdoc takes as prose.
//!
//! Blocks: fences and indented code are kept, but never as Rust, which would make them doctests. Inline: see [`inline`].

mod inline;

/// The info strings of fences that stay: languages rustdoc shows without running them.
const LANGUAGES: [&str; 24] = [
    "bash",
    "c",
    "console",
    "cpp",
    "css",
    "csharp",
    "diff",
    "go",
    "graphql",
    "html",
    "http",
    "java",
    "javascript",
    "js",
    "json",
    "proto",
    "protobuf",
    "python",
    "sh",
    "shell",
    "sql",
    "toml",
    "xml",
    "yaml",
];

/// The lines of rustdoc for a comment, each with its leading space, blank ones empty, none blank at either end.
pub(crate) fn rustdoc(comment: &str) -> Vec<String> {
    let text = without_notes(comment);
    let lines = dedent(&text);
    let mut blocks = Blocks::default();
    let tables = in_tables(&lines);
    for (line, table) in lines.iter().zip(tables) {
        blocks.table = table;
        blocks.line(line);
    }
    blocks.finish();
    let blank = |line: &&String| line.trim().is_empty();
    let mut lines: Vec<String> = blocks.out.iter().skip_while(blank).cloned().collect();
    while lines.last().is_some_and(|line| blank(&line)) {
        lines.pop();
    }
    let space = |line: String| {
        if line.trim().is_empty() {
            String::new()
        } else {
            format!(" {line}")
        }
    };
    lines.into_iter().map(space).collect()
}

/// Takes out `(-- notes of the authors --)`; one that is not closed is no note.
fn without_notes(comment: &str) -> String {
    let mut text = String::new();
    let mut rest = comment;
    while let Some((before, after)) = rest.split_once("(--") {
        let Some((_, after)) = after.split_once("--)") else {
            break;
        };
        text.push_str(before);
        rest = after;
    }
    text + rest
}

/// Splits into lines without what they all are indented by, without tabs, without characters that do things.
fn dedent(text: &str) -> Vec<String> {
    let clean = |line: &str| {
        let line = line.replace('\t', "    ");
        line.chars()
            .filter(|&c| !c.is_control() && !is_bidi(c))
            .collect::<String>()
            .trim_end()
            .to_owned()
    };
    let lines: Vec<String> = text.lines().map(clean).collect();
    let full = lines.iter().filter(|line| !line.is_empty());
    let margin = full.map(|line| indent(line)).min().unwrap_or_default();
    lines
        .into_iter()
        .map(|line| line.get(margin..).unwrap_or_default().to_owned())
        .collect()
}

/// Characters that turn the direction of text: rustc refuses them in comments.
fn is_bidi(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// Which lines belong to a table: what stands around a line such as `|---|:-:|`, up to the next blank one.
fn in_tables(lines: &[String]) -> Vec<bool> {
    let mut tables = vec![false; lines.len()];
    for at in (1..lines.len()).filter(|&at| is_table_rule(&lines[at])) {
        let rows = lines[at..].iter().take_while(|line| !line.is_empty());
        tables[at - 1..at + rows.count()].fill(true);
    }
    tables
}

fn is_table_rule(line: &str) -> bool {
    line.contains(['|', ':']) && line.chars().all(|c| matches!(c, '|' | ':' | '-' | ' '))
}

/// What the lines so far have come to.
#[derive(Default)]
struct Blocks {
    out: Vec<String>,
    /// The open block of code, if any.
    code: Option<Code>,
    /// Blank lines inside indented code, kept back until more of it comes.
    blanks: usize,
    /// Column where the text of the last list item starts; 0 outside of lists.
    list: usize,
    /// The last line was text that a next line would continue, however indented.
    paragraph: bool,
    /// The line is one of a table.
    table: bool,
}

/// A block of code.
enum Code {
    /// Between fences: what closes it.
    Fenced(String),
    /// Indented: by how much.
    Indented(usize),
}

impl Blocks {
    fn line(&mut self, line: &str) {
        match &self.code {
            Some(Code::Fenced(fence)) => self.fenced(line, &fence.clone()),
            Some(Code::Indented(margin)) => self.indented(line, *margin),
            None => self.text(line),
        }
    }

    fn fenced(&mut self, line: &str, fence: &str) {
        let mark = line.trim();
        if mark.starts_with(fence) && mark.trim_start_matches(&fence[..1]).is_empty() {
            self.finish();
        } else {
            self.out.push(guarded(line));
        }
    }

    fn indented(&mut self, line: &str, margin: usize) {
        if line.is_empty() {
            self.blanks += 1;
        } else if indent(line) >= margin {
            self.out
                .extend(std::iter::repeat_n(String::new(), self.blanks));
            self.blanks = 0;
            self.out.push(guarded(&line[margin..]));
        } else {
            self.finish();
            self.text(line);
        }
    }

    fn text(&mut self, line: &str) {
        if line.is_empty() {
            self.paragraph = false;
            self.out.push(String::new());
            return;
        }
        if let Some((fence, language)) = fence(line) {
            self.out.push(format!("```{language}"));
            self.code = Some(Code::Fenced(fence));
            self.list = 0;
            return;
        }
        let margin = self.list + 4;
        if !self.paragraph && indent(line) >= margin {
            self.out.push("```text".to_owned());
            self.code = Some(Code::Indented(margin));
            self.list = 0;
            self.indented(line, margin);
            return;
        }
        self.prose(line);
    }

    /// A line of a paragraph, a heading or a list.
    ///
    /// A line that begins a block is indented by three at most, which is never code, whatever Markdown makes of the
    /// lines before. So is a row of a table, which would end at an indented one.
    fn prose(&mut self, line: &str) {
        let most = if self.paragraph && !self.table {
            usize::MAX
        } else {
            3
        };
        let (mut lead, mut text) = (
            " ".repeat(indent(line).min(most)),
            line.trim_start_matches(' '),
        );
        if !self.paragraph && lead.len() < self.list {
            self.list = 0;
        }
        while let Some((marker, rest)) = marker(text).filter(|_| !is_rule(text)) {
            lead.push_str(marker);
            lead.push(' ');
            self.list = lead.len();
            text = rest.trim_start_matches(' ');
        }
        // Blocks that begin inside a list item, and quotes, could hold code.
        let opens = ["```", "~~~", ">"]
            .iter()
            .any(|mark| text.starts_with(mark));
        let escape = if opens && !text.starts_with('`') {
            "\\"
        } else {
            ""
        };
        self.out.push(format!(
            "{lead}{escape}{}",
            inline::escape(text, self.table)
        ));
        self.paragraph =
            !text.starts_with('#') && !is_rule(text) && marker(&format!("{text} ")).is_none();
    }

    /// Closes what is open.
    fn finish(&mut self) {
        if self.code.take().is_some() {
            self.out.push("```".to_owned());
            self.out
                .extend(std::iter::repeat_n(String::new(), self.blanks));
            self.blanks = 0;
            self.paragraph = false;
        }
    }
}

/// A line of code that must not end its block early.
fn guarded(line: &str) -> String {
    if line.trim_start().starts_with("```") {
        line.replacen("```", "'''", 1)
    } else {
        line.to_owned()
    }
}

/// The fence a line opens, with the language to print.
fn fence(line: &str) -> Option<(String, &'static str)> {
    let line = line.trim_start();
    let mark = line
        .chars()
        .next()
        .filter(|mark| matches!(mark, '`' | '~'))?;
    let length = line.chars().take_while(|&c| c == mark).count();
    let info = &line[length..];
    if length < 3 || mark == '`' && info.contains('`') {
        return None;
    }
    let language = info.trim().to_ascii_lowercase();
    let known = LANGUAGES.into_iter().find(|known| *known == language);
    Some((line[..length].to_owned(), known.unwrap_or("text")))
}

/// Whether a line is a rule across the page, or underlines a heading.
fn is_rule(text: &str) -> bool {
    let only = |mark: char| text.chars().all(|c| c == mark || c == ' ');
    let length = text.len() - text.matches(' ').count();
    let underline = !text.trim().contains(' ');
    length > 0 && underline && (only('=') || only('-'))
        || (length >= 3 && ['-', '*', '_'].into_iter().any(only))
}

/// The marker of a list item, and what follows it.
fn marker(text: &str) -> Option<(&str, &str)> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let length = match text[digits..].chars().next()? {
        '-' | '*' | '+' if digits == 0 => 1,
        '.' | ')' if (1..=9).contains(&digits) => digits + 1,
        _ => return None,
    };
    let (marker, rest) = text.split_at(length);
    rest.starts_with(' ').then_some((marker, rest))
}
