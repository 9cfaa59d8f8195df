//! All bindings of a server, and the search for the one a request belongs to.
//!
//! One tree for templates without a verb and one for each verb. A tree is walked from the left, literal before `*`
//! before `**`, and goes back where it leads nowhere or to other HTTP methods only. So what is found depends on the
//! templates and never on the order they were added in:
//!
//! 1. a template whose verb matches, before one without a verb; of two such verbs the longer one;
//! 2. segment by segment from the left: literal, `*`, `**`; of several `**` the one with more segments after it;
//! 3. the request's HTTP method, before GET for a HEAD, before `*`.

use super::captures::Captures;
use super::escape;
use super::template::{BadTemplate, Template};
use super::tree::{End, Tree};

/// Bindings, each with a value.
#[derive(Debug)]
pub(crate) struct Table<'t, T> {
    entries: Vec<Entry<'t, T>>,
    plain: Tree,
    /// Sorted by verb.
    verbs: Vec<(Vec<u8>, Tree)>,
    /// The length of the longest verb, decoded.
    longest_verb: usize,
}

#[derive(Debug)]
struct Entry<'t, T> {
    method: &'t str,
    template: Template<'t>,
    value: T,
}

/// What a search finds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found<'s, 't, 'p, T> {
    /// A binding.
    Match {
        value: &'s T,
        captures: Captures<'s, 't, 'p>,
    },
    /// The path is known, but not with this HTTP method: those it takes, sorted, as an `Allow` header has them.
    WrongMethod { allow: Vec<&'t str> },
    /// No template matches.
    Nothing,
    /// A `%` without two hex digits after it.
    BadEscape,
}

impl<'t, T> Table<'t, T> {
    /// A table without bindings.
    pub(crate) fn new() -> Self {
        Self {
            entries: Vec::new(),
            plain: Tree::new(),
            verbs: Vec::new(),
            longest_verb: 0,
        }
    }

    /// Whether there are no bindings.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Adds the binding of an HTTP method, or `*` for all, and a template, unless there is one that answers the same
    /// requests: then its value is returned.
    ///
    /// # Errors
    /// What is wrong with the template.
    pub(crate) fn insert(
        &mut self,
        method: &'t str,
        template: &'t str,
        value: T,
    ) -> Result<Option<&T>, BadTemplate> {
        let template = Template::parse(template)?;
        let tree = match &template.verb {
            None => &mut self.plain,
            Some(verb) => {
                self.longest_verb = self.longest_verb.max(verb.len());
                verb_tree(&mut self.verbs, verb)
            }
        };
        let ends = tree.ends(&template.segments);
        let head = escape::head_of(method.bytes());
        let twin = ends.iter().map(|end| end.entry);
        let twin = twin
            .clone()
            .find(|entry| self.entries[*entry].method == method);
        if twin.is_none() {
            let entry = self.entries.len();
            ends.push(End { head, entry });
            self.entries.push(Entry {
                method,
                template,
                value,
            });
        }
        Ok(twin.map(|twin| &self.entries[twin].value))
    }

    /// Finds the binding of a request by its HTTP method and its path, not decoded and without the query.
    ///
    /// Nothing is allocated, unless the answer is [`Found::WrongMethod`].
    pub(crate) fn find<'s, 'p>(&'s self, method: &str, path: &'p str) -> Found<'s, 't, 'p, T> {
        if !escape::is_well_formed(path.as_bytes()) {
            return Found::BadEscape;
        }
        let Some(path) = path.strip_prefix('/') else {
            return Found::Nothing;
        };
        let mut known = false;
        let mut pick = |ends: &[End]| {
            known |= !ends.is_empty();
            self.pick(method, ends)
        };
        if let Some((entry, path)) = self.search(path, &mut pick) {
            let Entry {
                template, value, ..
            } = &self.entries[entry];
            let captures = Captures { template, path };
            return Found::Match { value, captures };
        }
        match known {
            true => Found::WrongMethod {
                allow: self.allow(path),
            },
            false => Found::Nothing,
        }
    }

    /// Offers the entries of each matching template, the best first, until one is picked; returns that with the path as
    /// its template sees it.
    fn search<'p>(
        &self,
        path: &'p str,
        pick: &mut dyn FnMut(&[End]) -> Option<usize>,
    ) -> Option<(usize, Option<&'p str>)> {
        let segments = |path: &'p str| (!path.is_empty()).then_some(path);
        let escaped = path.as_bytes().contains(&b'%');
        let mut walk = |tree: &Tree, path| {
            let found = tree.search(path, escaped, pick);
            found.map(|entry| (entry, path))
        };
        for colon in self.verbs_may_start(path.as_bytes()) {
            let verb = &path.as_bytes()[colon + 1..];
            let known = self
                .verbs
                .binary_search_by(|(known, _)| escape::compare(known, verb));
            if let Ok(index) = known
                && let Some(found) = walk(&self.verbs[index].1, segments(&path[..colon]))
            {
                return Some(found);
            }
        }
        walk(&self.plain, segments(path))
    }

    /// The colons of the last segment that a verb could stand behind.
    fn verbs_may_start(&self, path: &[u8]) -> impl Iterator<Item = usize> {
        // A verb may have an escape for each of its bytes.
        let floor = path.len().saturating_sub(self.longest_verb * 3 + 1);
        let last = path[floor..].iter().rposition(|byte| *byte == b'/');
        let start = last.map_or(floor, |slash| floor + slash + 1);
        (start..path.len()).filter(|at| path[*at] == b':')
    }

    /// The best entry of a template for an HTTP method.
    fn pick(&self, method: &str, ends: &[End]) -> Option<usize> {
        let by = |method: &str| {
            let head = escape::head_of(method.bytes());
            let mut ends = ends.iter().filter(|end| end.head == head);
            ends.find(|end| self.entries[end.entry].method == method)
                .map(|end| end.entry)
        };
        let head = || (method == "HEAD").then(|| by("GET")).flatten();
        by(method).or_else(head).or_else(|| by("*"))
    }

    /// Every HTTP method of every template that matches.
    fn allow(&self, path: &str) -> Vec<&'t str> {
        let mut allow = vec!["OPTIONS"];
        let mut all = |ends: &[End]| {
            allow.extend(ends.iter().map(|end| self.entries[end.entry].method));
            None
        };
        self.search(path, &mut all);
        if allow.contains(&"GET") {
            allow.push("HEAD");
        }
        allow.sort_unstable();
        allow.dedup();
        allow
    }
}

fn verb_tree<'v>(verbs: &'v mut Vec<(Vec<u8>, Tree)>, verb: &[u8]) -> &'v mut Tree {
    let at = verbs.binary_search_by(|(known, _)| known.as_slice().cmp(verb));
    let at = at.unwrap_or_else(|at| {
        verbs.insert(at, (verb.to_vec(), Tree::new()));
        at
    });
    &mut verbs[at].1
}
