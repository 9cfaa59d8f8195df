//! placeholder
pub(super) fn file(_pool: &prost_reflect::DescriptorPool, bytes: &[u8]) -> Vec<u8> {
    bytes.to_vec()
}
