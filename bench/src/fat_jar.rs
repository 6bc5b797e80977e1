//! A large Java archive in an archive in an archive, made up: the same bytes every time.

use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// The size of the innermost archive's class files together, in bytes.
const CLASSES: usize = 100 << 20;
/// How many class files there are.
const COUNT: usize = 10_000;

/// Makes `stored/` and `deflated/` in a folder: each a root file system with one ear that holds a war
/// that holds a jar of 100 MB, the inner ones stored as Spring Boot does, or deflated as most do.
pub(crate) fn make(folder: &Path) -> Result<(), String> {
    let fail = |error: &dyn std::fmt::Display| format!("{}: {error}", folder.display());
    let jar = jar().map_err(|error| fail(&error))?;
    for (name, method) in [
        ("stored", CompressionMethod::Stored),
        ("deflated", CompressionMethod::Deflated),
    ] {
        let ear = wrap(&jar, "WEB-INF/lib/core-2.1.0.jar", method)
            .and_then(|war| wrap(&war, "web-2.1.0.war", method))
            .map_err(|error| fail(&error))?;
        let place = folder.join(name).join("opt");
        fs::create_dir_all(&place).map_err(|error| fail(&error))?;
        fs::write(place.join("shop-2.1.0.ear"), ear).map_err(|error| fail(&error))?;
    }
    Ok(())
}

/// Makes a jar of class files that hardly compress, with Maven's descriptor.
fn jar() -> zip::result::ZipResult<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    archive.start_file("META-INF/MANIFEST.MF", stored)?;
    archive.write_all(b"Manifest-Version: 1.0\r\nImplementation-Version: 2.1.0\r\n\r\n")?;
    archive.start_file("META-INF/maven/org.example/core/pom.properties", stored)?;
    archive.write_all(b"groupId=org.example\nartifactId=core\nversion=2.1.0\n")?;
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut class = vec![0_u8; CLASSES / COUNT];
    for number in 0..COUNT {
        for chunk in class.chunks_mut(8) {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            for (to, from) in chunk.iter_mut().zip(seed.to_le_bytes()) {
                *to = from;
            }
        }
        archive.start_file(format!("org/example/core/C{number}.class"), stored)?;
        archive.write_all(&class)?;
    }
    Ok(archive.finish()?.into_inner())
}

fn wrap(inner: &[u8], name: &str, method: CompressionMethod) -> zip::result::ZipResult<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::with_capacity(inner.len() + 4096)));
    let options = SimpleFileOptions::default()
        .compression_method(method)
        .compression_level((method == CompressionMethod::Deflated).then_some(1));
    archive.start_file(name, options)?;
    archive.write_all(inner)?;
    Ok(archive.finish()?.into_inner())
}
