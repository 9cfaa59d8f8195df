//! The generators that are measured, each as a function from descriptors to files in a folder.

use std::fs;
use std::path::Path;

use prost::Message;
use prost_types::FileDescriptorSet;
use protoc_gen_ezrpc::{Input, Params};

/// What can go wrong is only worth printing.
pub type Error = Box<dyn std::error::Error>;

/// Messages, by prost-build.
///
/// # Errors
/// Whatever prost-build says.
pub fn prost(descriptors: &[u8], folder: &Path) -> Result<(), Error> {
    let set = FileDescriptorSet::decode(descriptors)?;
    let mut config = prost_build::Config::new();
    config
        .out_dir(folder)
        .include_file("mod.rs")
        .compile_fds(set)?;
    Ok(())
}

/// Messages, clients and servers, by tonic-prost-build.
///
/// # Errors
/// Whatever tonic-prost-build says.
pub fn tonic(descriptors: &[u8], folder: &Path) -> Result<(), Error> {
    let set = FileDescriptorSet::decode(descriptors)?;
    let builder = tonic_prost_build::configure();
    builder
        .out_dir(folder)
        .include_file("mod.rs")
        .compile_fds(set)?;
    Ok(())
}

/// Messages by prost-build and their ProtoJSON by pbjson-build.
///
/// # Errors
/// Whatever the two say.
pub fn pbjson(descriptors: &[u8], folder: &Path) -> Result<(), Error> {
    let set = FileDescriptorSet::decode(descriptors)?;
    let packages = packages(&set);
    let mut config = prost_build::Config::new();
    config
        .compile_well_known_types()
        .extern_path(".google.protobuf", "::pbjson_types")
        .out_dir(folder)
        .include_file("mod.rs")
        .compile_fds(set)?;
    let prefixes: Vec<String> = packages.iter().map(|name| format!(".{name}")).collect();
    let mut builder = pbjson_build::Builder::new();
    builder
        .register_descriptors(descriptors)?
        .out_dir(folder)
        .build(&prefixes)?;
    for package in packages {
        let json = folder.join(format!("{package}.serde.rs"));
        let file = folder.join(format!("{package}.rs"));
        if json.exists() && file.exists() {
            fs::write(
                &file,
                fs::read_to_string(&file)? + &fs::read_to_string(&json)?,
            )?;
        }
    }
    Ok(())
}

/// Messages, clients, servers, ProtoJSON and descriptors, by ezrpc.
///
/// # Errors
/// Whatever ezrpc says.
pub fn ezrpc(descriptors: &[u8], targets: &[String], folder: &Path) -> Result<(), Error> {
    let input = Input::from_descriptor_set(descriptors, targets, Params::default())?;
    for file in protoc_gen_ezrpc::generate(&input)? {
        fs::write(folder.join(&file.name), &file.content)?;
    }
    Ok(())
}

/// The files ezrpc generates of a descriptor set: all but those whose types its runtime carries.
///
/// # Errors
/// If the bytes are no descriptor set.
pub fn targets(descriptors: &[u8]) -> Result<Vec<String>, Error> {
    let set = FileDescriptorSet::decode(descriptors)?;
    let carried = |name: &str| {
        protoc_gen_ezrpc::bundled()
            .iter()
            .any(|(bundled, _)| *bundled == name)
    };
    let names = set.file.iter().map(|file| file.name().to_owned());
    Ok(names
        .filter(|name| !name.starts_with("google/protobuf/") && !carried(name))
        .collect())
}

fn packages(set: &FileDescriptorSet) -> Vec<String> {
    let mut packages: Vec<String> = set.file.iter().map(|f| f.package().to_owned()).collect();
    packages.sort();
    packages.dedup();
    packages.retain(|package| package != "google.protobuf");
    packages
}
