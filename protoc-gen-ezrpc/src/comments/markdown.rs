//! placeholder
pub(super) fn rustdoc(text: &str) -> Vec<String> {
    text.lines().map(|line| format!(" {}", line.trim())).collect()
}
