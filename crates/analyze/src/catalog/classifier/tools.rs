//! Shells, build tools and everyday programs.

use super::program::{
    File::{Named, Versioned},
    Form::Native,
    Program, after, before, hit, miss,
};
use super::version::{THREE, TWO_OR_THREE, numbers};

/// The tools, by name.
pub(super) static ALL: &[Program] = &[
    Program {
        name: "bash",
        cpe: "gnu:bash",
        files: &[Named("bash"), Named("sh"), Named("rbash")],
        form: Native,
        rules: &[after(b"@(#)Bash version ", THREE).beyond(&[b"("])],
        samples: &[
            hit(
                "usr/local/bin/bash",
                b"law.\0\0\0@(#)Bash version 5.2.15(1) release GNU\0\0\x01",
                "bash 5.2.15",
            ),
            miss(
                "usr/local/bin/bash",
                b"\0GNU bash, version %s\0Bash version 5.2\0",
            ),
        ],
    },
    Program {
        name: "busybox",
        cpe: "busybox:busybox",
        // The official images' first applet holds the content that the others link to.
        files: &[
            Named("busybox"),
            Named("["),
            Named("busybox.static"),
            Named("busybox-extras"),
        ],
        form: Native,
        rules: &[after(b"BusyBox v", THREE)],
        samples: &[
            hit(
                "bin/busybox",
                b"out of memory\0BusyBox v1.35.0 (Debian 1:1.35.0-4+deb12u1+b1)\0/dev/\0",
                "busybox 1.35.0",
            ),
            hit(
                "bin/[",
                b"\0BusyBox v1.36.1 (2023-11-07 18:53:09 UTC)\0",
                "busybox 1.36.1",
            ),
            miss(
                "usr/bin/[",
                b"\0test invocation\0/usr/share/busybox/v1.35.0\0",
            ),
        ],
    },
    Program {
        name: "gcc",
        cpe: "gnu:gcc",
        files: &[
            Versioned("gcc"),
            Versioned("g++"),
            Named("cc1"),
            Versioned("x86_64-linux-gnu-gcc"),
            Versioned("cpp"),
        ],
        form: Native,
        rules: &[
            before(b"\0gcc version %s %s\n", THREE),
            after(b"GCC: (GNU) ", THREE),
        ],
        samples: &[
            hit("usr/local/bin/gcc", b"\0GCC: (GNU) 12.3.0\0", "gcc 12.3.0"),
            miss(
                "usr/local/bin/gcc",
                b"\0GCC: (Debian 12.2.0-14+deb12u1) 12.2.0\0",
            ),
        ],
    },
    Program {
        name: "git",
        cpe: "git-scm:git",
        files: &[Named("git")],
        form: Native,
        rules: &[
            after(b"git/", numbers(3, 4).pre()).beyond(&[b"\0"]),
            after(b"git version ", numbers(3, 4).pre()),
        ],
        samples: &[
            hit(
                "usr/local/bin/git",
                b"\xef\xbb\xbf\0git/2.39.5\0GIT_USER_AGENT\0\x002.39.5\0",
                "git 2.39.5",
            ),
            miss("usr/local/bin/git", b"\0git/%s\0/build/git/2.39.5/x\0"),
        ],
    },
    Program {
        name: "wget",
        cpe: "gnu:wget",
        files: &[Named("wget")],
        form: Native,
        rules: &[
            after(b"/wget-", TWO_OR_THREE).beyond(&[b"="]),
            after(b"Wget/", TWO_OR_THREE),
        ],
        samples: &[
            hit(
                "usr/local/bin/wget",
                b"-O2 -ffile-prefix-map=/build/reproducible-path/wget-1.21.3=. -fstack",
                "wget 1.21.3",
            ),
            miss("usr/local/bin/wget", b"\0Wget/%s\0"),
        ],
    },
];
