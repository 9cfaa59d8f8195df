//! One line of prose: what rustdoc would take for a link, a tag or an open code span is escaped.
//!
//! Kept are code spans closed on the line, `[text](https://..)` and addresses, which get `<>`.

/// Escapes a line. In a `table` a bar ends the cell, within a code span too, unless a backslash stands before it.
pub(super) fn escape(line: &str, table: bool) -> String {
    let mut out = String::with_capacity(line.len() + 8);
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let kept = code_span(rest)
            .or_else(|| link(rest))
            .or_else(|| escaped(rest));
        if let Some(kept) = kept.filter(|kept| table && kept.starts_with('`')) {
            out.push_str(&kept.replace("\\|", "|").replace('|', "\\|"));
            rest = &rest[kept.len()..];
        } else if let Some(kept) = kept {
            out.push_str(kept);
            rest = &rest[kept.len()..];
        } else if let Some((shown, taken)) = address(rest) {
            // A backslash that stood alone must not take the bracket.
            let backslashes = out.len() - out.trim_end_matches('\\').len();
            if backslashes % 2 == 1 {
                out.push('\\');
            }
            out.push_str(&format!("<{shown}>"));
            rest = &rest[taken..];
        } else {
            if matches!(c, '[' | ']' | '<' | '`') || rest.starts_with("*/") {
                out.push('\\');
            }
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

/// A code span, if one starts here and ends on the line.
fn code_span(text: &str) -> Option<&str> {
    let ticks = leading_ticks(text);
    if ticks == 0 {
        return None;
    }
    let mut at = ticks;
    loop {
        let start = at + text[at..].find('`')?;
        let run = leading_ticks(&text[start..]);
        at = start + run;
        if run == ticks {
            return Some(&text[..at]);
        }
    }
}

fn leading_ticks(text: &str) -> usize {
    text.len() - text.trim_start_matches('`').len()
}

/// A link to an address of the web, if one starts here.
fn link(text: &str) -> Option<&str> {
    let inside = text.strip_prefix('[')?;
    let (label, after) = inside.split_once(']')?;
    let target = after.strip_prefix('(')?.split_once(')')?.0;
    let plain = !label.is_empty() && !label.contains(['[', '`', '<', '\\', '|']);
    let good = is_address(target) && !target.contains([' ', '(', '<', '>', '|', '\\']);
    (plain && good).then(|| &text[..label.len() + target.len() + 4])
}

/// A character with its backslash, if that is what stands here.
fn escaped(text: &str) -> Option<&str> {
    let next = text.strip_prefix('\\')?.chars().next()?;
    next.is_ascii_punctuation().then(|| &text[..2])
}

fn is_address(text: &str) -> bool {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_alphanumeric()))
}

/// An address of the web that starts here, bare or in `<>`: what to show, and how much it takes of the text.
fn address(text: &str) -> Option<(&str, usize)> {
    let (bare, brackets) = text
        .strip_prefix('<')
        .map_or((text, 0), |inside| (inside, 1));
    if !is_address(bare) {
        return None;
    }
    let end = bare
        .find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '`' | '"' | '|'))
        .unwrap_or(bare.len());
    let whole = &bare[..end];
    if brackets == 1 {
        return bare[end..].starts_with('>').then_some((whole, end + 2));
    }
    let mut shown = whole;
    while let Some(last) = shown.chars().next_back() {
        let lone = |open, close| {
            last == close && shown.matches(close).count() > shown.matches(open).count()
        };
        if !matches!(last, '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*' | '_')
            && !lone('(', ')')
            && !lone('[', ']')
        {
            break;
        }
        shown = &shown[..shown.len() - last.len_utf8()];
    }
    Some((shown, shown.len()))
}
