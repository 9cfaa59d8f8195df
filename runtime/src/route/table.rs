//! All bindings of a server, and the search for the one a request belongs to.
//!
//! One tree for templates without a verb and one for each verb. A tree is walked from the left, literal before `*`
//! before `**`, and goes back where it leads nowhere or to other HTTP methods only. So what is found depends on the
//! templates and never on the order they were added in:
//!
//! 1. a template whose verb matches, before one without a verb; of two such verbs the longer one;
//! 2. segment by segment from the left: literal, `*`, `**`; of several `**` the one with more segments after it;
//! 3. the request's HTTP method, before GET for a HEAD, before `*`.
//!
//! A node is visited at most once in a search, whatever the path, because its place in the tree says how many segments
//! it has behind it.

use std::cmp::Reverse;

use super::captures::Captures;
use super::escape;
use super::template::{BadTemplate, Segment, Template};

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
    NotFound,
    /// A `%` without two hex digits after it.
    BadEscape,
}

#[derive(Debug)]
struct Tree {
    nodes: Vec<Node>,
}

/// What may follow the segments up to here.
#[derive(Debug, Default)]
struct Node {
    /// Sorted by their bytes.
    literals: Vec<(Vec<u8>, usize)>,
    one: Option<usize>,
    /// Templates with a `**` here, by what follows it, in the order they are tried in.
    many: Vec<Tail>,
    /// Entries that end here; they differ in their HTTP method.
    ends: Vec<usize>,
}

#[derive(Debug)]
struct Tail {
    segments: Vec<Segment>,
    ends: Vec<usize>,
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
        let number = self.entries.len();
        let tree = match &template.verb {
            None => &mut self.plain,
            Some(verb) => {
                self.longest_verb = self.longest_verb.max(verb.len());
                verb_tree(&mut self.verbs, verb)
            }
        };
        let ends = tree.ends(&template.segments);
        let same = |end: &usize| self.entries[*end].method == method;
        let twin = ends.iter().copied().find(same);
        if twin.is_none() {
            ends.push(number);
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
            return Found::NotFound;
        };
        let mut known = false;
        for (tree, path) in self.trees(path) {
            let mut pick = |ends: &[usize]| {
                known |= !ends.is_empty();
                self.pick(method, ends)
            };
            if let Some(number) = tree.search(path, &mut pick) {
                let Entry {
                    template, value, ..
                } = &self.entries[number];
                let captures = Captures { template, path };
                return Found::Match { value, captures };
            }
        }
        match known {
            true => Found::WrongMethod {
                allow: self.allow(path),
            },
            false => Found::NotFound,
        }
    }

    /// The trees a path may be found in, each with the path as it is there.
    fn trees<'s, 'p>(
        &'s self,
        path: &'p str,
    ) -> impl Iterator<Item = (&'s Tree, Option<&'p str>)> + use<'s, 'p, 't, T> {
        let segments = |path: &'p str| (!path.is_empty()).then_some(path);
        // A verb may have an escape for each of its bytes.
        let window = path.len().saturating_sub(self.longest_verb * 3 + 1);
        let last = path.rfind('/').map_or(0, |slash| slash + 1).max(window);
        let colons = path.as_bytes()[last..].iter().enumerate();
        let colons = colons.filter(|(_, byte)| **byte == b':');
        let verbs = colons.filter_map(move |(at, _)| {
            let verb = &path.as_bytes()[last + at + 1..];
            let found = self
                .verbs
                .binary_search_by(|(known, _)| escape::compare(known, verb));
            found
                .ok()
                .map(|index| (&self.verbs[index].1, segments(&path[..last + at])))
        });
        verbs.chain(std::iter::once((&self.plain, segments(path))))
    }

    /// The best entry of a template for an HTTP method.
    fn pick(&self, method: &str, ends: &[usize]) -> Option<usize> {
        let by = |method: &str| {
            ends.iter()
                .copied()
                .find(|end| self.entries[*end].method == method)
        };
        let head = || (method == "HEAD").then(|| by("GET")).flatten();
        by(method).or_else(head).or_else(|| by("*"))
    }

    /// Every HTTP method of every template that matches.
    fn allow(&self, path: &str) -> Vec<&'t str> {
        let mut allow = vec!["OPTIONS"];
        for (tree, path) in self.trees(path) {
            tree.search(path, &mut |ends| {
                allow.extend(ends.iter().map(|end| self.entries[*end].method));
                None
            });
        }
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

impl Tree {
    fn new() -> Self {
        Self {
            nodes: vec![Node::default()],
        }
    }

    /// The entries that end where `segments` lead; makes the way there.
    fn ends(&mut self, segments: &[Segment]) -> &mut Vec<usize> {
        let many = segments
            .iter()
            .position(|segment| *segment == Segment::Many);
        let mut at = 0;
        for segment in &segments[..many.unwrap_or(segments.len())] {
            let new = self.nodes.len();
            let node = &mut self.nodes[at];
            at = match segment {
                Segment::Literal(literal) => node.add_literal(literal, new),
                Segment::One | Segment::Many => *node.one.get_or_insert(new),
            };
            if at == new {
                self.nodes.push(Node::default());
            }
        }
        let node = &mut self.nodes[at];
        match many {
            Some(many) => node.add_tail(&segments[many + 1..]),
            None => &mut node.ends,
        }
    }

    /// Offers the entries of each matching template, the best first, until one is picked.
    fn search(
        &self,
        path: Option<&str>,
        pick: &mut dyn FnMut(&[usize]) -> Option<usize>,
    ) -> Option<usize> {
        self.visit(0, path, pick)
    }

    fn visit(
        &self,
        node: usize,
        path: Option<&str>,
        pick: &mut dyn FnMut(&[usize]) -> Option<usize>,
    ) -> Option<usize> {
        let node = &self.nodes[node];
        let found = match path {
            None => pick(&node.ends),
            Some(path) => {
                let (segment, rest) = split_first(path);
                let literal = node.literal(segment);
                let one = node.one.filter(|_| !segment.is_empty());
                let next = [literal, one].into_iter().flatten();
                next.map(|next| self.visit(next, rest, pick))
                    .find_map(|found| found)
            }
        };
        let tails = || {
            let mut fitting = node.many.iter().filter(|tail| tail.fits(path));
            fitting.find_map(|tail| pick(&tail.ends))
        };
        found.or_else(tails)
    }
}

impl Node {
    fn literal(&self, segment: &str) -> Option<usize> {
        let by = |(literal, _): &(Vec<u8>, usize)| escape::compare(literal, segment.as_bytes());
        let found = self.literals.binary_search_by(by);
        found.ok().map(|index| self.literals[index].1)
    }

    fn add_literal(&mut self, literal: &[u8], new: usize) -> usize {
        let found = self
            .literals
            .binary_search_by(|(known, _)| known.as_slice().cmp(literal));
        let at = found.unwrap_or_else(|at| {
            self.literals.insert(at, (literal.to_vec(), new));
            at
        });
        self.literals[at].1
    }

    fn add_tail(&mut self, segments: &[Segment]) -> &mut Vec<usize> {
        let key = |segments: &[Segment]| (Reverse(segments.len()), segments.to_vec());
        let found = self
            .many
            .binary_search_by(|tail| key(&tail.segments).cmp(&key(segments)));
        let at = found.unwrap_or_else(|at| {
            let (segments, ends) = (segments.to_vec(), Vec::new());
            self.many.insert(at, Tail { segments, ends });
            at
        });
        &mut self.many[at].ends
    }
}

impl Tail {
    /// Whether the end of the path fits, and what is left for the `**` before it may be captured.
    fn fits(&self, mut path: Option<&str>) -> bool {
        for expected in self.segments.iter().rev() {
            let Some(text) = path else {
                return false;
            };
            let (rest, segment) = split_last(text);
            let fits = match expected {
                Segment::Literal(literal) => escape::compare(literal, segment.as_bytes()).is_eq(),
                Segment::One | Segment::Many => !segment.is_empty(),
            };
            if !fits {
                return false;
            }
            path = rest;
        }
        // A capture does not begin with `/`.
        !path.is_some_and(|path| path.starts_with('/'))
    }
}

fn split_first(path: &str) -> (&str, Option<&str>) {
    match path.split_once('/') {
        Some((segment, rest)) => (segment, Some(rest)),
        None => (path, None),
    }
}

fn split_last(path: &str) -> (Option<&str>, &str) {
    match path.rsplit_once('/') {
        Some((rest, segment)) => (Some(rest), segment),
        None => (None, path),
    }
}
