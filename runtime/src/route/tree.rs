//! The tree of templates, without their verbs.
//!
//! A node is visited at most once in a search, whatever the path, because its place in the tree says how many segments
//! it has behind it.

use std::cmp::Reverse;

use super::escape;
use super::template::Segment;

/// Templates as ways from the first node, a segment a step.
#[derive(Debug)]
pub(super) struct Tree {
    nodes: Vec<Node>,
}

/// An entry at the end of a way.
#[derive(Debug)]
pub(super) struct End {
    /// The first bytes of its HTTP method.
    pub(super) head: u64,
    pub(super) entry: usize,
}

/// What may follow the segments up to here.
#[derive(Debug, Default)]
struct Node {
    /// Sorted.
    literals: Vec<Literal>,
    one: Option<usize>,
    /// Templates with a `**` here, by what follows it, in the order they are tried in.
    many: Vec<Tail>,
    /// Entries that end here; they differ in their HTTP method.
    ends: Vec<End>,
}

/// A literal and where it leads.
#[derive(Debug)]
struct Literal {
    /// Its first bytes: most comparisons need no more, and so do not leave the list.
    head: u64,
    bytes: Vec<u8>,
    node: usize,
}

#[derive(Debug)]
struct Tail {
    segments: Vec<Segment>,
    ends: Vec<End>,
}

/// A search under way.
struct Walk<'s, 'k> {
    tree: &'s Tree,
    /// There is a `%` somewhere in the path.
    escaped: bool,
    pick: &'k mut dyn FnMut(&[End]) -> Option<usize>,
}

impl Tree {
    pub(super) fn new() -> Self {
        Self {
            nodes: vec![Node::default()],
        }
    }

    /// The entries that end where `segments` lead; makes the way there.
    pub(super) fn ends(&mut self, segments: &[Segment]) -> &mut Vec<End> {
        let mut plain = segments.split(|segment| *segment == Segment::Many);
        let mut at = 0;
        for segment in plain.next().unwrap_or_default() {
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
        match plain.next() {
            Some(tail) => node.add_tail(tail),
            None => &mut node.ends,
        }
    }

    /// Offers the entries of each matching template, the best first, until one is picked.
    pub(super) fn search(
        &self,
        path: Option<&str>,
        escaped: bool,
        pick: &mut dyn FnMut(&[End]) -> Option<usize>,
    ) -> Option<usize> {
        let mut walk = Walk {
            tree: self,
            escaped,
            pick,
        };
        walk.visit(0, path)
    }
}

impl Walk<'_, '_> {
    fn visit(&mut self, node: usize, path: Option<&str>) -> Option<usize> {
        let node = &self.tree.nodes[node];
        let Some(path) = path else {
            let found = (self.pick)(&node.ends);
            return found.or_else(|| self.tails(node, None));
        };
        let (segment, rest) = split_first(path);
        if let Some(literal) = node.literal(segment, self.escaped)
            && let Some(found) = self.visit(literal, rest)
        {
            return Some(found);
        }
        if let Some(one) = node.one.filter(|_| !segment.is_empty())
            && let Some(found) = self.visit(one, rest)
        {
            return Some(found);
        }
        self.tails(node, Some(path))
    }

    fn tails(&mut self, node: &Node, path: Option<&str>) -> Option<usize> {
        let mut fitting = node.many.iter().filter(|tail| tail.fits(path));
        fitting.find_map(|tail| (self.pick)(&tail.ends))
    }
}

impl Node {
    fn literal(&self, segment: &str, escaped: bool) -> Option<usize> {
        if self.literals.is_empty() {
            return None;
        }
        let segment = segment.as_bytes();
        let found = match escaped {
            false => {
                let key = (escape::head_of(segment.iter().copied()), segment);
                self.literals
                    .binary_search_by(|known| known.key().cmp(&key))
            }
            true => {
                let head = escape::head(segment);
                self.literals.binary_search_by(|known| {
                    let order = known.head.cmp(&head);
                    order.then_with(|| escape::compare(&known.bytes, segment))
                })
            }
        };
        found.ok().map(|index| self.literals[index].node)
    }

    fn add_literal(&mut self, bytes: &[u8], new: usize) -> usize {
        let head = escape::head_of(bytes.iter().copied());
        let found = self
            .literals
            .binary_search_by(|known| known.key().cmp(&(head, bytes)));
        let at = found.unwrap_or_else(|at| {
            let (bytes, node) = (bytes.to_vec(), new);
            self.literals.insert(at, Literal { head, bytes, node });
            at
        });
        self.literals[at].node
    }

    fn add_tail(&mut self, segments: &[Segment]) -> &mut Vec<End> {
        // Segments sort as they are tried: literals before `*`.
        let found = self.many.binary_search_by(|tail| {
            let length = Reverse(tail.segments.len()).cmp(&Reverse(segments.len()));
            length.then_with(|| tail.segments.as_slice().cmp(segments))
        });
        let at = found.unwrap_or_else(|at| {
            let (segments, ends) = (segments.to_vec(), Vec::new());
            self.many.insert(at, Tail { segments, ends });
            at
        });
        &mut self.many[at].ends
    }
}

impl Literal {
    fn key(&self) -> (u64, &[u8]) {
        (self.head, &self.bytes)
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

/// Byte by byte: segments are too short for anything cleverer to pay.
fn split_first(path: &str) -> (&str, Option<&str>) {
    match path.bytes().position(|byte| byte == b'/') {
        Some(slash) => (&path[..slash], Some(&path[slash + 1..])),
        None => (path, None),
    }
}

fn split_last(path: &str) -> (Option<&str>, &str) {
    match path.rsplit_once('/') {
        Some((rest, segment)) => (Some(rest), segment),
        None => (None, path),
    }
}
