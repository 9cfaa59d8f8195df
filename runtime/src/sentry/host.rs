//! What the machine is called.

use std::fs;
use std::sync::OnceLock;

/// The host's name, as the system tells it without a call to C: from `/proc` or `/etc`, or from the environment.
pub(super) fn name() -> Option<&'static str> {
    static NAME: OnceLock<Option<String>> = OnceLock::new();
    let name = NAME.get_or_init(|| {
        let files = ["/proc/sys/kernel/hostname", "/etc/hostname"];
        let told = files
            .iter()
            .filter_map(|file| fs::read_to_string(file).ok());
        let set = ["HOSTNAME", "COMPUTERNAME"];
        let set = set
            .iter()
            .filter_map(|variable| std::env::var(variable).ok());
        let mut names = told.chain(set).map(|name| name.trim().to_owned());
        names.find(|name| !name.is_empty())
    });
    name.as_deref()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #[test]
    fn linux_tells_it() {
        assert!(super::name().is_some_and(|name| !name.contains(char::is_whitespace)));
    }
}
