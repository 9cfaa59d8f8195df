//! Line by line, what prettyplease does otherwise than rustfmt: where our own items would look odd.
//!
//! Blank lines between items; the arguments of a turbofish on its line; a chain behind a call of several lines at
//! the call's own indentation; `for` of an impl on a line of its own.

/// Columns a line with a turbofish may take: one in pieces reads worse than a long line.
const WIDTH: usize = 120;

/// Tidies the text of formatted tokens.
pub(super) fn tidy(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut out = Out {
        text: String::with_capacity(text.len() * 11 / 10),
        chains: Vec::new(),
    };
    let mut rest = lines.as_slice();
    let mut previous = "";
    while let [line, after @ ..] = rest {
        if needs_blank(previous, line) {
            out.text.push('\n');
        }
        let (joined, after) = match turbofish(line, after) {
            Some((joined, after)) => (Some(joined), after),
            None => (None, after),
        };
        out.push(joined.as_deref().unwrap_or(line), after.first().copied());
        previous = line;
        rest = after;
    }
    out.text
}

/// Whether `line` starts an item and `previous` ends one, at the same level or inside.
pub(super) fn needs_blank(previous: &str, line: &str) -> bool {
    ends_item(previous) && starts_item(line) && indent(previous) >= indent(line)
}

/// The width of a line's indentation.
pub(super) fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn ends_item(line: &str) -> bool {
    (line.ends_with('}') || line.ends_with(';')) && !line.trim_start().starts_with("//")
}

fn starts_item(line: &str) -> bool {
    let line = line.trim_start();
    ["///", "#[", "pub ", "fn ", "impl"]
        .iter()
        .any(|start| line.starts_with(start))
}

/// What has been tidied so far.
struct Out {
    text: String,
    /// Indentations of the calls of several lines that a chain goes on behind.
    chains: Vec<usize>,
}

impl Out {
    fn push(&mut self, line: &str, next: Option<&str>) {
        let indented = indent(line);
        while self.chains.last().is_some_and(|chain| *chain >= indented) {
            self.chains.pop();
        }
        let line = &line[(4 * self.chains.len()).min(indented)..];
        match line
            .strip_prefix("for ")
            .and_then(|line| line.strip_suffix(" {"))
        {
            Some(line) => self.text.extend(["    for ", line, "\n{"]),
            None => self.text.push_str(line),
        }
        self.text.push('\n');
        if line.ends_with('(') && next.is_some_and(|next| indent(next) == indented + 8) {
            self.chains.push(indented);
        }
    }
}

/// `call::<`, arguments, `>(..` joined into one line if it fits, and the lines after it.
fn turbofish<'a>(line: &str, after: &'a [&'a str]) -> Option<(String, &'a [&'a str])> {
    line.strip_suffix("::<")?;
    let inside = indent(after.first()?);
    let closes = |line: &&str| indent(line) < inside && line.trim_start().starts_with('>');
    let end = after.iter().position(closes)?;
    let arguments: Vec<&str> = after[..=end].iter().map(|line| line.trim()).collect();
    let arguments = arguments.join(" ").replace("< ", "<").replace(", >", ">");
    let joined = format!("{line}{arguments}");
    (joined.len() <= WIDTH).then_some((joined, &after[end + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn does_as_rustfmt_would() {
        let printed = "\
static FACTS: Desc = Desc::new(
        \"shop\",
        &[
            Method::new(
                    \"/shop/Get\",
                    Unary,
                )
                .idempotent(),
            Method::new(\"/shop/Put\", Unary),
        ],
    )
    .desc(\"a\");
impl<T: Shop> Tower<Request>
for Server<T> {
    /// Ends in code;
    /// and goes on.
    fn read(&self) {
        r.member::<
                Str,
                _,
            >(
            &mut self.kind,
        );
        r.map::<
            Str,
            Enum<
                state::State,
            >,
        >(0)
    }
    fn other(&self) {}
}
";
        let tidied = "\
static FACTS: Desc = Desc::new(
    \"shop\",
    &[
        Method::new(
            \"/shop/Get\",
            Unary,
        )
        .idempotent(),
        Method::new(\"/shop/Put\", Unary),
    ],
)
.desc(\"a\");

impl<T: Shop> Tower<Request>
    for Server<T>
{
    /// Ends in code;
    /// and goes on.
    fn read(&self) {
        r.member::<Str, _>(
            &mut self.kind,
        );
        r.map::<Str, Enum<state::State>>(0)
    }

    fn other(&self) {}
}
";
        assert_eq!(tidy(printed), tidied);
    }
}
