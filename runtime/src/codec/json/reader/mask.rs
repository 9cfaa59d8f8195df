//! Notes which fields a document names: the field mask of a PATCH.

use super::{Error, Reader, Result};

/// The most bytes that the paths of one document may take together.
const MOST: usize = 1 << 20;

/// The paths of the fields named so far, by proto names with dots; the deepest of each branch only.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    paths: Vec<String>,
    /// The path to the field being read.
    path: String,
    /// For each field on the way to it: the depth it stands at, and how long the path was before it.
    ways: Vec<(u32, usize)>,
    /// The depth below which nothing is noted: inside lists, maps and `Any`.
    floor: Option<u32>,
    /// What all paths noted so far take; over [`MOST`] nothing more is noted.
    size: usize,
}

impl Recorder {
    /// Notes a field; `depth` counts down from the outermost message.
    fn note(&mut self, depth: u32, name: &str) {
        if self.size > MOST || self.floor.is_some_and(|floor| depth < floor) {
            return;
        }
        self.floor = None;
        while let Some((_, len)) = self.ways.pop_if(|(way, _)| *way <= depth) {
            self.path.truncate(len);
        }
        // The field around this one is not what is set: this one is.
        if !self.path.is_empty() && self.paths.last() == Some(&self.path) {
            self.paths.pop();
        }
        self.ways.push((depth, self.path.len()));
        if !self.path.is_empty() {
            self.path.push('.');
        }
        self.path.push_str(name);
        // One long name around many short ones must not be kept as often as there are those.
        self.size += self.path.len() + size_of::<String>();
        if self.size <= MOST {
            self.paths.push(self.path.clone());
        }
    }

    /// The paths, sorted, each once.
    fn into_paths(self) -> Vec<String> {
        let mut paths = self.paths;
        paths.sort_unstable();
        paths.dedup();
        paths
    }
}

impl Reader<'_> {
    /// From now on notes which fields are named.
    pub(in crate::codec::json) fn record(&mut self) {
        self.mask = Some(Box::default());
    }

    /// The paths of the fields named, sorted.
    ///
    /// # Errors
    /// If they are too many to be kept.
    pub(in crate::codec::json) fn recorded(self) -> Result<Vec<String>> {
        match self.mask {
            Some(mask) if mask.size > MOST => {
                let text = "the document names too many fields to tell them all in a field mask";
                Err(Error::new(text))
            }
            mask => Ok(mask.map_or_else(Vec::new, |mask| mask.into_paths())),
        }
    }

    /// Notes that the document names a field, if somebody wants to know.
    #[inline]
    pub(crate) fn note(&mut self, name: &str) {
        if let Some(mask) = &mut self.mask {
            mask.note(self.depth, name);
        }
    }

    /// Says that what the value to come names is no path of a mask.
    #[inline]
    pub(crate) fn leave_mask(&mut self) {
        if let Some(mask) = &mut self.mask {
            mask.floor = mask.floor.max(Some(self.depth));
        }
    }
}
