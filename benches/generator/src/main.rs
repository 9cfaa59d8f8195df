//! Writes what one generator makes of a descriptor set: `bench-generator prost|tonic|pbjson|ezrpc SET FOLDER`.

use std::path::Path;

use bench_generator as generators;

fn main() -> Result<(), generators::Error> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [generator, set, folder] = arguments.as_slice() else {
        return Err("usage: bench-generator prost|tonic|pbjson|ezrpc SET FOLDER".into());
    };
    let (descriptors, folder) = (std::fs::read(set)?, Path::new(folder));
    std::fs::create_dir_all(folder)?;
    match generator.as_str() {
        "prost" => generators::prost(&descriptors, folder),
        "tonic" => generators::tonic(&descriptors, folder),
        "pbjson" => generators::pbjson(&descriptors, folder),
        "ezrpc" => generators::ezrpc(&descriptors, &generators::targets(&descriptors)?, folder),
        other => Err(format!("no generator is called {other}").into()),
    }
}
