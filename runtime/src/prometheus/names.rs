//! Names as Prometheus takes them: what other crates call their metrics and labels may be anything.

/// What a histogram calls its bounds.
const LE: &str = "le";

/// The name of a metric: letters, digits, `_` and `:`, no digit first.
pub(super) fn metric_name(name: &str) -> String {
    clean(name, |c| c == ':')
}

/// The name of a label: letters, digits and `_`, no digit first; not one of those that are Prometheus' own.
pub(super) fn label_name(name: &str) -> String {
    let name = clean(name, |_| false);
    match name.strip_prefix("__") {
        Some(rest) => format!("_{}", rest.trim_start_matches('_')),
        None if name == LE => format!("_{LE}"),
        None => name,
    }
}

fn clean(name: &str, also: impl Fn(char) -> bool) -> String {
    let keep = |c: char| c.is_ascii_alphanumeric() || c == '_' || also(c);
    let kept = name.chars().map(|c| if keep(c) { c } else { '_' });
    match name.starts_with(|c: char| c.is_ascii_digit()) || name.is_empty() {
        true => std::iter::once('_').chain(kept).collect(),
        false => kept.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_by_their_two_grammars() {
        for (name, metric, label) in [
            ("a.b-c", "a_b_c", "a_b_c"),
            ("a:b", "a:b", "a_b"),
            ("9lives", "_9lives", "_9lives"),
            ("", "_", "_"),
            ("上", "_", "_"),
            ("le", "le", "_le"),
            ("__name__", "__name__", "_name__"),
        ] {
            assert_eq!(
                (metric_name(name).as_str(), label_name(name).as_str()),
                (metric, label)
            );
        }
    }
}
