//! Reading what the user states beside an image: VEX documents and exceptions.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use plimsoll_engine::exceptions;
use plimsoll_engine::suppress::Suppressions;
use plimsoll_formats::vex;

use crate::args::SuppressArgs;
use crate::output::Failure;

/// Reads the files that the user names; one that cannot be read whole is an error, because what it
/// would keep from counting is not known.
pub(super) fn read(args: &SuppressArgs) -> Result<Suppressions, Failure> {
    let mut documents = Vec::with_capacity(args.vex.len());
    for path in &args.vex {
        let bytes = bytes(path, vex::MAX_BYTES)?;
        let name = path.display().to_string();
        let document = vex::read(&bytes, &name);
        documents.push(document.map_err(|problem| Failure::new(format!("{name}: {problem}")))?);
    }
    let exceptions = match &args.exceptions {
        Some(path) => {
            let name = path.display();
            let fail = |problem: &dyn std::fmt::Display| Failure::new(format!("{name}: {problem}"));
            let text = String::from_utf8(bytes(path, exceptions::MAX_BYTES)?)
                .map_err(|_| fail(&"it is no UTF-8"))?;
            exceptions::read(&text).map_err(|problem| fail(&problem))?
        }
        None => Vec::new(),
    };
    Ok(Suppressions {
        vex: documents,
        exceptions,
        stage: args.stage.clone(),
    })
}

fn bytes(path: &Path, limit: u64) -> Result<Vec<u8>, Failure> {
    let fail =
        |problem: String| Failure::new(format!("{}: cannot read: {problem}", path.display()));
    let file = File::open(path).map_err(|error| fail(error.to_string()))?;
    let mut bytes = Vec::new();
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| fail(error.to_string()))?;
    if bytes.len() as u64 > limit {
        return Err(fail(format!("it is larger than {limit} bytes")));
    }
    Ok(bytes)
}
