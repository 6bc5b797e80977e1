//! What compiled programs say of themselves, on programs made here byte by byte: every format and
//! byte order, the old and the new form, and hostile tables.

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::ZlibEncoder;
    use plimsoll_analyze::catalog::{
        dotnet::Dotnet, elf_note::ElfNote, go::Go, kernel::Kernel, rust::Rust,
    };
    use plimsoll_model::analyzer::{
        Analyzer, Assembled, Content, Entry, EntryKind, Fact, HEAD_BYTES, Located, View, Want,
    };
    use plimsoll_model::package::Package;
    use plimsoll_model::path::ImagePath;

    const MODULES: &str = "path\texample.org/tool\n\
        mod\texample.org/tool\t(devel)\t\n\
        dep\texample.org/a\tv1.0.0\th1:aaa=\n\
        dep\texample.org/b\tv1.1.0\n\
        =>\texample.org/fork\tv1.1.1\th1:bbb=\n\
        dep\texample.org/c\tv1.2.0\n\
        =>\t./c\t(devel)\t\n\
        build\t-ldflags=\"-s -X 'main.version=2.3.4'\"\n\
        build\tGOOS=linux\n";

    /// Is a way to write an executable.
    #[derive(Clone, Copy, Debug)]
    struct Shape {
        big: bool,
        wide: bool,
    }

    impl Shape {
        fn short(self, out: &mut Vec<u8>, value: u16) {
            out.extend(if self.big {
                value.to_be_bytes()
            } else {
                value.to_le_bytes()
            });
        }

        fn word(self, out: &mut Vec<u8>, value: u32) {
            out.extend(if self.big {
                value.to_be_bytes()
            } else {
                value.to_le_bytes()
            });
        }

        fn address(self, out: &mut Vec<u8>, value: u64) {
            if !self.wide {
                self.word(out, u32::try_from(value).unwrap());
            } else if self.big {
                out.extend(value.to_be_bytes());
            } else {
                out.extend(value.to_le_bytes());
            }
        }

        /// Writes an ELF file: one writable segment at `BASE` that spans the file, and sections.
        fn elf(self, sections: &[(&str, u32, &[u8])]) -> Vec<u8> {
            let (header, segment, section) = if self.wide {
                (64, 56, 64)
            } else {
                (52, 32, 40)
            };
            let mut names = b"\0".to_vec();
            let mut table = vec![(0, 0, 0, 0)];
            let mut body = vec![0; (START - header - segment) as usize];
            for (name, kind, content) in sections {
                let name_at = names.len() as u32;
                names.extend(name.bytes());
                names.push(0);
                let at = header + segment + body.len() as u64;
                table.push((name_at, *kind, at, content.len() as u64));
                body.extend(*content);
                body.resize(body.len().next_multiple_of(16), 0);
            }
            let name_at = names.len() as u32;
            names.extend(b".shstrtab\0");
            let at = header + segment + body.len() as u64;
            table.push((name_at, 3, at, names.len() as u64));
            body.extend(&names);
            body.resize(body.len().next_multiple_of(16), 0);
            let table_at = header + segment + body.len() as u64;
            let mut out = vec![0x7f, b'E', b'L', b'F'];
            out.push(if self.wide { 2 } else { 1 });
            out.push(if self.big { 2 } else { 1 });
            out.extend([1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            self.short(&mut out, 2);
            self.short(&mut out, 62);
            self.word(&mut out, 1);
            self.address(&mut out, 0);
            self.address(&mut out, header);
            self.address(&mut out, table_at);
            self.word(&mut out, 0);
            let sizes = [header, segment, 1, section, table.len() as u64];
            for value in sizes {
                self.short(&mut out, u16::try_from(value).unwrap());
            }
            self.short(&mut out, u16::try_from(table.len() - 1).unwrap());
            // The one segment.
            self.word(&mut out, 1);
            if self.wide {
                self.word(&mut out, 6);
            }
            self.address(&mut out, 0);
            self.address(&mut out, BASE);
            self.address(&mut out, BASE);
            self.address(&mut out, table_at);
            self.address(&mut out, table_at);
            if !self.wide {
                self.word(&mut out, 6);
            }
            self.address(&mut out, 16);
            out.extend(body);
            for (name, kind, at, size) in table {
                self.word(&mut out, name);
                self.word(&mut out, kind);
                self.address(&mut out, 0);
                self.address(&mut out, 0);
                self.address(&mut out, at);
                self.address(&mut out, size);
                self.word(&mut out, 0);
                self.word(&mut out, 0);
                self.address(&mut out, 1);
                self.address(&mut out, 0);
            }
            out
        }

        /// Writes build information as Go before 1.18 does: it lies at `START`.
        fn old_build_info(self, toolchain: &str, modules: &str) -> Vec<u8> {
            let size = if self.wide { 8 } else { 4 };
            let mut out = b"\xff Go buildinf:".to_vec();
            out.push(size);
            out.push(u8::from(self.big));
            let texts = [toolchain.as_bytes().to_vec(), guarded(modules)];
            let headers = BASE + START + 32;
            self.address(&mut out, headers);
            self.address(&mut out, headers + 2 * u64::from(size));
            out.resize(32, 0);
            let mut at = headers + 4 * u64::from(size);
            for text in &texts {
                self.address(&mut out, at);
                self.address(&mut out, text.len() as u64);
                at += text.len() as u64;
            }
            out.extend(texts.concat());
            out
        }
    }

    /// The address that the file is loaded at.
    const BASE: u64 = 0x40_0000;

    /// Where the first section lies.
    const START: u64 = 256;

    const ALL: [Shape; 4] = [
        Shape {
            big: false,
            wide: true,
        },
        Shape {
            big: true,
            wide: true,
        },
        Shape {
            big: false,
            wide: false,
        },
        Shape {
            big: true,
            wide: false,
        },
    ];

    fn guarded(modules: &str) -> Vec<u8> {
        [&[7; 16], modules.as_bytes(), &[8; 16]].concat()
    }

    fn build_info(toolchain: &str, modules: &str) -> Vec<u8> {
        let mut out = b"\xff Go buildinf:\x08\x02".to_vec();
        out.resize(32, 0);
        for text in [toolchain.as_bytes().to_vec(), guarded(modules)] {
            let mut length = text.len();
            while length >= 0x80 {
                out.push(length as u8 | 0x80);
                length >>= 7;
            }
            out.push(length as u8);
            out.extend(text);
        }
        out
    }

    fn dep_v0(json: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(json).unwrap();
        encoder.finish().unwrap()
    }

    /// Writes a PE file of one section.
    fn pe(name: [u8; 8], content: &[u8]) -> Vec<u8> {
        let mut out = b"MZ".to_vec();
        out.resize(60, 0);
        out.extend(64_u32.to_le_bytes());
        out.extend(b"PE\0\0\x64\x86\x01\0");
        out.resize(64 + 20, 0);
        out.extend(240_u16.to_le_bytes());
        out.extend([0x22, 0]);
        let optional = out.len();
        out.extend([0x0b, 2]);
        out.resize(optional + 24, 0);
        out.extend(0x1_4000_0000_u64.to_le_bytes());
        out.resize(optional + 108, 0);
        out.extend(16_u32.to_le_bytes());
        out.resize(optional + 240, 0);
        out.extend(name);
        let size = content.len() as u32;
        for value in [size, 0x1000, size, 512, 0, 0, 0, 0xC000_0040] {
            out.extend(value.to_le_bytes());
        }
        out.resize(512, 0);
        out.extend(content);
        out
    }

    /// Writes a Mach-O file of one section in a segment that may be written.
    fn macho(name: &str, content: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let word = |out: &mut Vec<u8>, value: u32| out.extend(value.to_le_bytes());
        let long = |out: &mut Vec<u8>, value: u64| out.extend(value.to_le_bytes());
        let text = |out: &mut Vec<u8>, value: &str| {
            out.extend(value.bytes().chain([0; 16]).take(16));
        };
        for value in [0xfeed_facf, 0x0100_000c, 0, 2, 1, 152, 0, 0] {
            word(&mut out, value);
        }
        word(&mut out, 0x19);
        word(&mut out, 152);
        text(&mut out, "__DATA");
        let size = content.len() as u64;
        for value in [BASE, size, 256, size] {
            long(&mut out, value);
        }
        for value in [3, 3, 1, 0] {
            word(&mut out, value);
        }
        text(&mut out, name);
        text(&mut out, "__DATA");
        long(&mut out, BASE);
        long(&mut out, size);
        word(&mut out, 256);
        out.resize(256, 0);
        out.extend(content);
        out
    }

    fn fat(parts: &[Vec<u8>]) -> Vec<u8> {
        let mut out = vec![0xca, 0xfe, 0xba, 0xbe];
        out.extend((parts.len() as u32).to_be_bytes());
        let mut at = 4096;
        for part in parts {
            for value in [7, 3, at, part.len() as u32, 12] {
                out.extend(value.to_be_bytes());
            }
            at += part.len() as u32;
        }
        out.resize(4096, 0);
        out.extend(parts.concat());
        out
    }

    fn read(analyzer: &dyn Analyzer, bytes: &[u8]) -> (Vec<Package>, Vec<String>) {
        read_at(analyzer, "bin/tool", bytes)
    }

    fn read_at(analyzer: &dyn Analyzer, at: &str, bytes: &[u8]) -> (Vec<Package>, Vec<String>) {
        let entry = Entry {
            path: at.as_bytes(),
            kind: EntryKind::File,
            mode: 0o755,
            uid: 0,
            gid: 0,
            size: (bytes.len() as u64).max(1024 * 1024),
            link: &[],
            xattrs: &[],
            head: &bytes[..bytes.len().min(HEAD_BYTES)],
        };
        let mut facts = Vec::new();
        if matches!(
            analyzer.wants(&entry),
            Want::Whole { .. } | Want::Program { .. }
        ) {
            let truncated = false;
            analyzer.read(&entry, Content { bytes, truncated }, &mut facts);
        }
        let issues = facts.iter().filter_map(|fact| match fact {
            Fact::Issue(issue) => Some(format!("{}: {}", issue.kind.as_str(), issue.detail)),
            _ => None,
        });
        let issues = issues.collect();
        let path = ImagePath::normalize(at.as_bytes()).unwrap();
        let located: Vec<Located<'_>> = facts
            .iter()
            .map(|fact| Located {
                path: &path,
                layer: 0,
                introduced: 0,
                fact,
            })
            .collect();
        let mut out = Assembled::default();
        let view = View {
            facts: &located,
            distro: None,
            resolve: &|path| Some(path.clone()),
        };
        analyzer.assemble(&view, &mut out);
        (
            out.packages.into_iter().map(|(one, _)| one).collect(),
            issues,
        )
    }

    fn purls(found: &(Vec<Package>, Vec<String>)) -> Vec<&str> {
        assert!(found.1.is_empty(), "{:?}", found.1);
        found.0.iter().map(|one| one.purl.as_str()).collect()
    }

    const PURLS: [&str; 5] = [
        "pkg:golang/example.org/tool@v2.3.4",
        "pkg:golang/example.org/a@v1.0.0",
        "pkg:golang/example.org/fork@v1.1.1",
        "pkg:golang/example.org/c@v1.2.0",
        "pkg:golang/stdlib@1.22.1",
    ];

    #[test]
    fn go_programs_of_every_format_name_their_modules() {
        let new = build_info("go1.22.1 X:boringcrypto", MODULES);
        let mut programs = vec![
            pe(*b".data\0\0\0", &new),
            macho("__go_buildinfo", &new),
            macho("__data", &new),
            fat(&[macho("__go_buildinfo", &new), macho("__go_buildinfo", &new)]),
        ];
        for shape in ALL {
            programs.push(shape.elf(&[(".go.buildinfo", 1, &new)]));
            programs.push(shape.elf(&[(".stripped", 1, &new)]));
            let old = shape.old_build_info("go1.22.1", MODULES);
            programs.push(shape.elf(&[(".go.buildinfo", 1, &old)]));
        }
        for (index, program) in programs.iter().enumerate() {
            let found = read(&Go, program);
            assert_eq!(purls(&found), PURLS, "program {index}");
            let main = &found.0[0];
            assert_eq!(main.depends_on.len(), 4);
            assert_eq!(main.requested, Some(true));
            assert_eq!(main.properties["version_source"], "ldflags");
            assert_eq!(main.properties["goos"], "linux");
            assert_eq!(found.0[2].properties["replaces"], "example.org/b@v1.1.0");
            assert_eq!(found.0[3].properties["replaced_by"], "./c");
        }
    }

    #[test]
    fn a_go_program_without_modules_has_a_standard_library() {
        let info = build_info("go1.19.8", "path\texample.org/tool/cmd/tool\n");
        let (packages, issues) = read(&Go, &ALL[0].elf(&[(".go.buildinfo", 1, &info)]));
        assert_eq!(packages.len(), 1);
        assert_eq!(packages[0].purl, "pkg:golang/stdlib@1.19.8");
        assert_eq!(
            packages[0].properties["main_package"],
            "example.org/tool/cmd/tool"
        );
        assert_eq!(issues.len(), 1);
        assert!(issues[0].starts_with("unsupported: "), "{issues:?}");
    }

    #[test]
    fn unreadable_build_information_is_said() {
        let mut huge = b"\xff Go buildinf:\x08\x02".to_vec();
        huge.resize(32, 0);
        huge.extend([0xff; 9]);
        huge.push(0x7f);
        let mut unfilled = b"\xff Go buildinf:\x08\x00".to_vec();
        unfilled.resize(32, 0);
        for info in [huge, unfilled] {
            let (packages, issues) = read(&Go, &ALL[0].elf(&[(".go.buildinfo", 1, &info)]));
            assert!(packages.is_empty());
            assert_eq!(
                issues,
                ["unsupported: its build information could not be read: its modules are not known"]
            );
        }
        let mut packed = ALL[0].elf(&[]);
        packed.splice(128..132, *b"UPX!");
        assert_eq!(
            read(&Go, &packed).1,
            ["unsupported: packed with UPX: what it says of itself is not read"]
        );
    }

    #[test]
    fn hostile_tables_end() {
        let info = build_info("go1.22.1", MODULES);
        for shape in ALL {
            let good = shape.elf(&[(".go.buildinfo", 1, &info)]);
            // Every header field of every table set to its most, one at a time, and cut files.
            for at in (16..START as usize).chain(good.len() - 200..good.len()) {
                for size in [1, 2, 4, 8] {
                    let mut bytes = good.clone();
                    let end = (at + size).min(bytes.len());
                    bytes[at..end].fill(0xff);
                    let _ = read(&Go, &bytes);
                    let _ = read(&Rust, &bytes);
                }
            }
            for kept in (0..good.len()).step_by(7) {
                let _ = read(&Go, &good[..kept]);
            }
        }
        for good in [pe(*b".data\0\0\0", &info), macho("__go_buildinfo", &info)] {
            for at in 2..512 {
                let mut bytes = good.clone();
                bytes[at] = 0xff;
                let _ = read(&Go, &bytes);
            }
        }
    }

    #[test]
    fn auditable_rust_programs_name_their_crates() {
        let list = dep_v0(
            br#"{"packages":[
                {"name":"adler","version":"0.2.3","source":"registry"},
                {"name":"cc","version":"1.0.0","source":"crates.io","kind":"build"},
                {"name":"tool","version":"0.1.0","source":"local","dependencies":[0,1,99],"root":true}
            ],"format":1}"#,
        );
        let mut wasm = b"\0asm\x01\0\0\0\0\x05\x04name".to_vec();
        wasm.push(0);
        let size = list.len() + 8;
        wasm.extend([size as u8 | 0x80, (size >> 7) as u8]);
        wasm.extend(b"\x07.dep-v0");
        wasm.extend(&list);
        let programs = [
            ALL[0].elf(&[(".dep-v0", 1, &list)]),
            ALL[3].elf(&[(".dep-v0", 1, &list)]),
            pe(*b".dep-v0\0", &list),
            macho(".dep-v0", &list),
            wasm,
        ];
        for program in programs {
            let found = read(&Rust, &program);
            assert_eq!(
                purls(&found),
                [
                    "pkg:cargo/adler@0.2.3",
                    "pkg:cargo/cc@1.0.0",
                    "pkg:cargo/tool@0.1.0"
                ]
            );
            let root = &found.0[2];
            assert_eq!(
                root.depends_on,
                ["pkg:cargo/adler@0.2.3", "pkg:cargo/cc@1.0.0"]
            );
            assert_eq!(root.requested, Some(true));
            assert_eq!(found.0[1].properties["scope"], "build");
        }
    }

    #[test]
    fn bombs_and_broken_lists_of_crates_are_said() {
        let bomb = dep_v0(&vec![b' '; 64 * 1024 * 1024]);
        let deep = dep_v0("[".repeat(1_000_000).as_bytes());
        let short = dep_v0(br#"{"packages":[{"name":"a","version":"1.0.0"}]}"#);
        let cases: [(&[u8], &str); 4] = [
            (&bomb, "limit-reached: the list of crates is larger than"),
            (
                &deep,
                "damaged-metadata: the list of crates is no such list",
            ),
            (
                &short[..short.len() / 2],
                "damaged-metadata: the list of crates cannot be unpacked",
            ),
            (
                b"plain",
                "damaged-metadata: the list of crates cannot be unpacked",
            ),
        ];
        for (section, want) in cases {
            let (packages, issues) = read(&Rust, &ALL[0].elf(&[(".dep-v0", 1, section)]));
            assert!(packages.is_empty());
            assert!(
                issues.len() == 1 && issues[0].starts_with(want),
                "{issues:?}"
            );
        }
    }

    #[test]
    fn notes_name_the_package_of_a_program() {
        for shape in ALL {
            let json = br#"{"type":"rpm","name":"hello","version":"0-1.fc35","architecture":"x86_64","osCpe":"cpe:/o:fedoraproject:fedora:35","more":[1]}"#;
            let mut note = Vec::new();
            // A note before it, then the owner and what it says, both padded.
            for (owner, kind, content) in [
                (&b"GNU\0"[..], 3, &b"12345"[..]),
                (b"FDO\0", 0xcafe_1a7e, json),
            ] {
                shape.word(&mut note, 4);
                shape.word(&mut note, content.len() as u32);
                shape.word(&mut note, kind);
                note.extend(owner);
                note.extend(content);
                note.resize(note.len().next_multiple_of(4), 0);
            }
            let found = read(&ElfNote, &shape.elf(&[(".note.package", 7, &note)]));
            assert_eq!(purls(&found), ["pkg:generic/hello@0-1.fc35"]);
            let package = &found.0[0];
            assert_eq!(package.arch.as_deref(), Some("x86_64"));
            assert_eq!(package.properties["package_type"], "rpm");
            assert_eq!(
                package.properties["os_cpe"],
                "cpe:/o:fedoraproject:fedora:35"
            );
            for size in 0..note.len() {
                let _ = read(&ElfNote, &shape.elf(&[(".note.package", 7, &note[..size])]));
            }
            let broken = shape.elf(&[(".note.package", 7, &note[..note.len() - 40])]);
            assert_eq!(read(&ElfNote, &broken), (Vec::new(), Vec::new()));
        }
    }

    /// Writes one structure of a version resource.
    fn part(name: &str, value: &[u8], is_text: bool, inside: &[Vec<u8>]) -> Vec<u8> {
        let mut out = vec![0; 6];
        out.extend(name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes));
        out.resize(out.len().next_multiple_of(4), 0);
        out.extend(value);
        for one in inside {
            out.resize(out.len().next_multiple_of(4), 0);
            out.extend(one);
        }
        let length = out.len() as u16;
        let value = value.len() as u16 / if is_text { 2 } else { 1 };
        out[..6].copy_from_slice(
            &[length, value, u16::from(is_text)]
                .map(u16::to_le_bytes)
                .concat(),
        );
        out
    }

    fn assembly(fields: &[(&str, &str)]) -> Vec<u8> {
        let fields: Vec<Vec<u8>> = fields
            .iter()
            .map(|(name, value)| {
                let value: Vec<u8> = value
                    .encode_utf16()
                    .chain([0])
                    .flat_map(u16::to_le_bytes)
                    .collect();
                part(name, &value, true, &[])
            })
            .collect();
        let table = part("000004b0", &[], true, &fields);
        let info = part("StringFileInfo", &[], true, &[table]);
        let resource = part("VS_VERSION_INFO", &[0; 52], false, &[info]);
        let mut out = pe(*b".rsrc\0\0\0", &[vec![0; 64], resource].concat());
        // The directory of the Common Language Runtime.
        out[64 + 24 + 112 + 14 * 8] = 1;
        out
    }

    #[test]
    fn assemblies_state_their_version() {
        let bytes = assembly(&[
            ("CompanyName", "Newtonsoft"),
            ("FileVersion", "13.0.3.27908"),
            ("InternalName", "Newtonsoft.Json.dll"),
            ("ProductName", "Json.NET"),
            (
                "ProductVersion",
                "13.0.3+0a2e291c0d9c0c7675d445703e51750363a549ef",
            ),
        ]);
        let found = read_at(&Dotnet, "app/renamed.DLL", &bytes);
        assert_eq!(purls(&found), ["pkg:nuget/Newtonsoft.Json@13.0.3"]);
        assert_eq!(found.0[0].properties["product_name"], "Json.NET");
        let nameless = assembly(&[
            ("ProductVersion", "dev"),
            ("FileVersion", "1.2.0.0 built by me"),
        ]);
        let found = read_at(&Dotnet, "app/My.Tool.exe", &nameless);
        assert_eq!(purls(&found), ["pkg:nuget/My.Tool@1.2.0.0"]);
        // Without managed code, without a version, as a satellite: nothing.
        let native = pe(*b".rsrc\0\0\0", &bytes[512..]);
        for (path, bytes) in [
            ("app/native.dll", &native),
            ("app/none.dll", &assembly(&[("FileVersion", "0.0.0.0")])),
            ("app/de/a.resources.dll", &bytes),
        ] {
            assert_eq!(read_at(&Dotnet, path, bytes), (Vec::new(), Vec::new()));
        }
        for at in 512..bytes.len() {
            let mut bytes = bytes.clone();
            bytes[at] = 0xff;
            let _ = read_at(&Dotnet, "a.dll", &bytes);
            let _ = read_at(&Dotnet, "a.dll", &bytes[..at]);
        }
    }

    #[test]
    fn kernels_and_modules_state_their_version() {
        let mut kernel = vec![0; 0x202];
        kernel.extend(b"HdrS");
        kernel.resize(0x20e, 0);
        kernel.extend(0x100_u16.to_le_bytes());
        kernel.resize(0x300, 0);
        kernel.extend(b"6.1.0-13-amd64 (debian) #1 SMP\0");
        let found = read_at(&Kernel, "boot/vmlinuz-6.1.0-13-amd64", &kernel);
        assert_eq!(purls(&found), ["pkg:generic/linux-kernel@6.1.0-13-amd64"]);
        let image = b"MZ\0Linux version %s\0Linux version 6.6.1 (gcc)\n";
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(image).unwrap();
        for bytes in [image.to_vec(), gzip.finish().unwrap()] {
            let found = read_at(&Kernel, "boot/vmlinuz", &bytes);
            assert_eq!(purls(&found), ["pkg:generic/linux-kernel@6.6.1"]);
        }
        assert_eq!(read_at(&Kernel, "opt/vmlinuz/readme", &kernel).0, []);
        assert_eq!(read_at(&Kernel, "boot/vmlinuz", b"text").0, []);

        let info = b"version=1.0.8\0license=GPL v2\0depends=a-b,c\0name=tcp_x\0vermagic=6.1.0 SMP\0alias=z\0";
        let module = ALL[0].elf(&[(".modinfo", 1, info)]);
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(&module).unwrap();
        for (end, bytes) in [("ko", module.clone()), ("ko.gz", gzip.finish().unwrap())] {
            let path = format!("usr/lib/modules/6.1.0/kernel/net/tcp-x.{end}");
            let found = read_at(&Kernel, &path, &bytes);
            assert_eq!(purls(&found), ["pkg:generic/tcp_x@1.0.8"]);
            assert_eq!(found.0[0].licenses, ["GPL v2"]);
            assert_eq!(found.0[0].properties["kernel_version"], "6.1.0");
        }
        let found = read_at(&Kernel, "lib/modules/6.1.0/a.ko.xz", b"\xfd7zXZ\0");
        assert_eq!(purls(&found), ["pkg:generic/a"]);
        let (packages, issues) = read_at(&Kernel, "lib/modules/6.1.0/a.ko.zst", b"none");
        assert_eq!((packages.len(), issues.len()), (1, 1));
        assert!(issues[0].starts_with("unsupported: "));
    }
}
