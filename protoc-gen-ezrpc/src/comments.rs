//! Proto comments to rustdoc: no intra-doc links, no doctests, nothing that breaks the page.
