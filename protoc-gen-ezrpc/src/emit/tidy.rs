//! Line by line, what prettyplease does otherwise than rustfmt: where our own items would look odd.
//!
//! Blank lines between items; the arguments of a turbofish on its line; a slice that is the only argument opened
//! with its call; a chain behind a call of several lines at the call's own indentation; `for` of an impl on a line
//! of its own.

/// Columns a line may take, as rustfmt's default.
const WIDTH: usize = 100;

/// Tidies the text of formatted tokens.
pub(super) fn tidy(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut out = Out {
        text: String::with_capacity(text.len() * 11 / 10),
        dedents: Vec::new(),
    };
    let mut rest = lines.as_slice();
    let mut previous = "";
    while let [line, after @ ..] = rest {
        if needs_blank(previous, line) {
            out.text.push('\n');
        }
        let (joined, after) = turbofish(line, after)
            .or_else(|| slice(line, after))
            .unwrap_or_default();
        match joined.as_slice() {
            [] => {
                rest = &rest[1..];
                out.push(line, rest.first().copied());
            }
            lines => {
                rest = after;
                lines
                    .iter()
                    .for_each(|line| out.push(line, after.first().copied()));
            }
        }
        previous = line;
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
    dedents: Vec<usize>,
}

impl Out {
    fn push(&mut self, line: &str, next: Option<&str>) {
        let indented = indent(line);
        while self.dedents.last().is_some_and(|call| *call >= indented) {
            self.dedents.pop();
        }
        let line = &line[(4 * self.dedents.len()).min(indented)..];
        match line
            .strip_prefix("for ")
            .and_then(|line| line.strip_suffix(" {"))
        {
            Some(line) => self.text.extend(["    for ", line, "\n{"]),
            None => self.text.push_str(line),
        }
        self.text.push('\n');
        if line.ends_with('(') && next.is_some_and(|next| indent(next) == indented + 8) {
            self.dedents.push(indented);
        }
    }
}

/// Lines in place of others, and the lines after those.
type Joined<'a> = (Vec<String>, &'a [&'a str]);

/// `call::<`, arguments, `>(..` joined: into one line if it fits, or else with the call's argument below.
fn turbofish<'a>(line: &str, after: &'a [&'a str]) -> Option<Joined<'a>> {
    line.strip_suffix("::<")?;
    let inside = indent(after.first()?);
    let closes = |line: &&str| indent(line) < inside && line.trim_start().starts_with('>');
    let end = after.iter().position(closes)?;
    let arguments: Vec<&str> = after[..=end].iter().map(|line| line.trim()).collect();
    let arguments = arguments.join(" ").replace("< ", "<").replace(", >", ">");
    let joined = format!("{line}{arguments}");
    let after = &after[end + 1..];
    if joined.len() <= WIDTH || joined.ends_with('(') {
        return Some((vec![joined], after));
    }
    let (call, argument) = joined.split_once(">(")?;
    let (argument, rest) = argument.rsplit_once(')')?;
    let indent = " ".repeat(indent(line));
    Some((
        vec![
            format!("{call}>("),
            format!("{indent}    {argument},"),
            format!("{indent}){rest}"),
        ],
        after,
    ))
}

/// `call(`, `&[`, elements, `],`, `)..` with the brackets together.
fn slice<'a>(line: &str, after: &'a [&'a str]) -> Option<Joined<'a>> {
    let outer = indent(line);
    let first = *after
        .first()
        .filter(|first| line.ends_with('(') && indent(first) == outer + 4)?;
    let end = after.iter().position(|line| indent(line) <= outer)?;
    let body = match first.trim_start().strip_prefix("&[")? {
        "" if end > 1 && after[end - 1].trim_start() == "]," => {
            let body: Vec<&str> = after[1..end - 1].iter().map(|line| &line[4..]).collect();
            tidy(&body.join("\n"))
        }
        elements if end == 1 => {
            format!("{}{},", " ".repeat(outer + 4), elements.strip_suffix("],")?)
        }
        _ => return None,
    };
    let mut lines = vec![format!("{line}&[")];
    lines.extend(body.lines().map(str::to_owned));
    lines.push(format!("{}]{}", " ".repeat(outer), after[end].trim_start()));
    Some((lines, &after[end + 1..]))
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
                .routes(
                    &[
                        Route::new(
                                1,
                            )
                            .body(\"*\"),
                    ],
                ),
            Method::new(\"/shop/Put\", Unary)
                .routes(
                    &[Route::new(2), Route::new(3)],
                ),
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
        >(0);
        Type::of::<
            a_module_with_a_long_name::AMessageWithALongName,
        >(\"a_package.AModuleWithALongName.AMessageWithALongName\")
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
        .routes(&[
            Route::new(
                1,
            )
            .body(\"*\"),
        ]),
        Method::new(\"/shop/Put\", Unary)
            .routes(&[
                Route::new(2), Route::new(3),
            ]),
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
        r.map::<Str, Enum<state::State>>(0);
        Type::of::<a_module_with_a_long_name::AMessageWithALongName>(
            \"a_package.AModuleWithALongName.AMessageWithALongName\",
        )
    }

    fn other(&self) {}
}
";
        assert_eq!(tidy(printed), tidied);
    }
}
