//! Shells, build tools and everyday programs.

use super::program::{
    File::{Library, Named, Versioned},
    Form::{Native, Text},
    Program, after, alone, before, hit, linked, miss,
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
        name: "cabal",
        cpe: "haskell:cabal",
        files: &[Named("cabal")],
        form: Native,
        rules: &[after(b"\0Cabal-", numbers(3, 4)).beyond(&[b"-"]), after(b"/cabal-install-", numbers(3, 4)).beyond(&[b"-"])],
        samples: &[
            hit("usr/bin/cabal", b"\0Cabal-3.10.1.0-inplace\0", "cabal 3.10.1.0"),
            miss("usr/bin/cabal", b"\0Cabal-syntax-3.10.1.0\0"),
        ],
    },
    Program {
        name: "clamav",
        cpe: "clamav:clamav",
        files: &[Named("clamd"), Named("clamscan"), Named("freshclam")],
        form: Native,
        rules: &[before(b"\0/etc/clamav/freshclam.conf\0", THREE), before(b"\0ClamAV %s", THREE)],
        samples: &[
            hit("usr/sbin/clamd", b"--enable-prelude\n\x001.4.6\0/etc/clamav/freshclam.conf\0", "clamav 1.4.6"),
            miss("usr/sbin/clamd", b"\0CLAMAV_1.1.0\0/etc/clamav/freshclam.conf\0"),
        ],
    },
    Program {
        name: "cmake",
        cpe: "kitware:cmake",
        files: &[Named("cmake"), Named("ctest"), Named("cpack")],
        form: Native,
        rules: &[before(b"\0Empty command\0", THREE).beyond(&[b"_", b"\0"]), after(b"cmake version ", THREE)],
        samples: &[
            hit("usr/bin/cmake", b"UNKNOWN_READ_ACCUNKNOWN_DEFINED_3.25.1\0Empty command\0", "cmake 3.25.1"),
            miss("usr/bin/cmake", b"/usr/share/cmake-3.25\0Empty command\0"),
        ],
    },
    Program {
        name: "composer",
        cpe: "getcomposer:composer",
        files: &[Named("composer"), Named("composer.phar")],
        form: Text,
        rules: &[after(b"'pretty_version' => '", THREE).beyond(&[b"'"]), after(b"'pretty_version'=>'", THREE).beyond(&[b"'"])],
        samples: &[
            hit("usr/local/bin/composer", b"#!/usr/bin/env php\n'root' => array(\n'name' => 'composer/composer',\n'pretty_version' => '2.6.5',\n", "composer 2.6.5"),
            miss("usr/local/bin/composer", b"#!/usr/bin/env php\n'pretty_version' => 'dev-main',\n"),
        ],
    },
    Program {
        name: "gawk",
        cpe: "gnu:gawk",
        files: &[Named("gawk")],
        form: Native,
        rules: &[after(b"GNU Awk ", THREE)],
        samples: &[
            hit("usr/bin/gawk", b"\0GNU Awk 5.2.1\0unbalanced [\0", "gawk 5.2.1"),
            miss("usr/bin/gawk", b"\0GNU Awk %s\0"),
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
        name: "ghostscript",
        cpe: "artifex:ghostscript",
        files: &[Named("gs"), Library("libgs")],
        form: Native,
        rules: &[after(b"/share/ghostscript/", numbers(2, 3)).beyond(&[b"/"])],
        samples: &[
            hit("usr/lib/libgs.so.10.00", b"\0/usr/share/ghostscript/10.00.0/Resource/Init:/usr", "ghostscript 10.00.0"),
            miss("usr/bin/gs", b"/usr/share/ghostscript/fonts:\0"),
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
        name: "gnupg",
        cpe: "gnupg:gnupg",
        files: &[Named("gpg"), Named("gpg2"), Named("gpgv"), Named("gpg-agent"), Named("gpgsm"), Named("dirmngr")],
        form: Native,
        rules: &[after(b"(@GNUPG@)\0", THREE), after(b"GPL-3.0-or-later\0", THREE)],
        samples: &[
            hit("usr/bin/gpg", b"GPL-3.0-or-later\0@GPG@ (@GNUPG@)\x002.2.40\0GNU/Linux\0", "gnupg 2.2.40"),
            miss("usr/bin/gpg", b"\0@GPG@ (@GNUPG@)\0GNU/Linux\0"),
        ],
    },
    Program {
        name: "gzip",
        cpe: "gnu:gzip",
        files: &[Named("gzip")],
        form: Native,
        rules: &[after(b"file size changed while zipping\n\0", numbers(2, 2)), alone(b"\x001.", numbers(2, 2))],
        samples: &[
            hit("usr/local/bin/gzip", b"%s: %s: file size changed while zipping\n\x001.12\0\0\0\x08", "gzip 1.12"),
            miss("usr/local/bin/gzip", b"\x001.1.2\0GLIBC_2.34\0"),
        ],
    },
    Program {
        name: "jq",
        cpe: "jqlang:jq",
        files: &[Named("jq"), Library("libjq")],
        form: Native,
        rules: &[after(b"\0jq-", TWO_OR_THREE), alone(b"\x001.", TWO_OR_THREE)],
        samples: &[
            hit("usr/local/bin/jq", b"writing output failed: %s\n\x001.6\0DEBUG:\0", "jq 1.6"),
            hit("usr/local/bin/jq", b"\0jq-1.7.1\0", "jq 1.7.1"),
            miss("usr/local/bin/jq", b"\0jq-%s\x001\0"),
        ],
    },
    Program {
        name: "llvm",
        cpe: "llvm:llvm",
        files: &[Library("libLLVM"), Library("libLLVM-")],
        form: Native,
        rules: &[after(b"Reader: 'LLVM \0", THREE), after(b"\0LLVM\0 version \0", THREE), after(b"\0LLVM", THREE).beyond(&[b"\0"]), after(b"LLVM version ", THREE)],
        samples: &[
            hit("usr/lib/libLLVM-14.so.1", b"Reader: 'LLVM \x0014.0.6')\0", "llvm 14.0.6"),
            miss("usr/lib/libLLVM-14.so.1", b"\0LLVM_14\0"),
        ],
    },
    Program {
        name: "make",
        cpe: "gnu:make",
        files: &[Named("make"), Named("gmake")],
        form: Native,
        rules: &[before(b"\0$(strip $(VPATH))", numbers(2, 4))],
        samples: &[
            hit("usr/bin/make", b"x86_64-pc-linux-gnu\x004.3\0$(strip $(VPATH))\0", "make 4.3"),
            miss("usr/bin/make", b"\0gnu\0$(strip $(VPATH))\0"),
        ],
    },
    Program {
        name: "nmap",
        cpe: "nmap:nmap",
        files: &[Named("nmap"), Named("ncat")],
        form: Native,
        rules: &[after(b"https://nmap.org\0", numbers(2, 2).any())],
        samples: &[
            hit("usr/bin/nmap", b"NAXGS\0https://nmap.org\x007.93\0Nmap\0", "nmap 7.93"),
            miss("usr/bin/nmap", b"https://nmap.org/book/7.93\0"),
        ],
    },
    Program {
        name: "poppler",
        cpe: "freedesktop:poppler",
        files: &[Named("pdftotext"), Named("pdfinfo"), Named("pdftoppm")],
        form: Native,
        rules: &[before(b"\0pdftotext version %s", THREE), before(b"\0pdfinfo version %s", THREE), before(b"\0pdftoppm version %s", THREE)],
        samples: &[
            hit("usr/bin/pdftotext", b".html\0.txt\x0022.12.0\0pdftotext version %s\n\0", "poppler 22.12.0"),
            miss("usr/bin/pdftotext", b"\0pdftotext version %s\n\0"),
        ],
    },
    Program {
        name: "ripgrep",
        cpe: "ripgrep_project:ripgrep",
        files: &[Named("rg")],
        form: Native,
        rules: &[after(b"<jamslam@gmail.com>", THREE), after(b"ripgrep ", THREE), before(b"ripgrep", THREE)],
        samples: &[
            hit("usr/bin/rg", b"ripgrepAndrew Gallant <jamslam@gmail.com>13.0.0\nripgrep (rg) recursively", "ripgrep 13.0.0"),
            miss("usr/bin/rg", b"ripgrep (rg) 13\n"),
        ],
    },
    Program {
        name: "stack",
        cpe: "haskell:stack",
        files: &[Named("stack")],
        form: Native,
        rules: &[after(b"Version ", THREE).beyond(&[b", Git"])],
        samples: &[
            hit("usr/local/bin/stack", b"\0Version 2.13.1, Git revision\0", "stack 2.13.1"),
            miss("usr/local/bin/stack", b"\0Version 2.13.1\0"),
        ],
    },
    Program {
        name: "subversion",
        cpe: "apache:subversion",
        files: &[Library("libsvn_subr-1")],
        form: Native,
        rules: &[after(b"@(#)", THREE.any()).beyond(&[b" (r"])],
        samples: &[
            hit("usr/lib/libsvn_subr-1.so.1.0.0", b"01:39:54\0x86_64-pc-linux-gnu\0@(#)1.14.2 (r1899510)\0", "subversion 1.14.2"),
            miss("usr/lib/libsvn_subr-1.so.1", b"\0@(#)1.14.2\0"),
        ],
    },
    Program {
        name: "sudo",
        cpe: "sudo_project:sudo",
        files: &[Named("sudo")],
        form: Native,
        rules: &[after(b"Sudo version %s\n\0", THREE)],
        samples: &[
            hit("usr/bin/sudo", b"sudo_mode 0x%x\0Sudo version %s\n\x001.9.13p3\0Configure options", "sudo 1.9.13p3"),
            miss("usr/bin/sudo", b"\0Sudo version %s\n\0Configure"),
        ],
    },
    Program {
        name: "syncthing",
        cpe: "syncthing:syncthing",
        files: &[Named("syncthing")],
        form: Native,
        rules: &[after(b"build.Version=v", THREE.any()), linked()],
        samples: &[
            hit("usr/bin/syncthing", b"\0go1.19.8\0\0\0\0\0\0\0\x001681037236\0\0\0\0\0\0v1.19.2-ds1\0\0", "syncthing 1.19.2"),
            miss("usr/bin/syncthing", b"\0go1.19.8\0\0\x001681037236\0unknown-dev\0"),
        ],
    },
    Program {
        name: "tcpdump",
        cpe: "tcpdump:tcpdump",
        files: &[Named("tcpdump")],
        form: Native,
        rules: &[after(b"%s version ", THREE)],
        samples: &[
            hit("usr/bin/tcpdump", b"Got %u\r\0%s version 4.99.3\n\0SMI-library: %s\n\0", "tcpdump 4.99.3"),
            miss("usr/bin/tcpdump", b"\0%s version %s\n\0"),
        ],
    },
    Program {
        name: "util-linux",
        cpe: "kernel:util-linux",
        files: &[Named("getopt"), Named("mount"), Named("umount"), Named("lsblk"), Named("agetty"), Named("nsenter"), Named("unshare")],
        form: Native,
        rules: &[after(b"\0util-linux ", numbers(2, 3).pre())],
        samples: &[
            hit("usr/bin/getopt", b"%s from %s\n\0util-linux 2.38.1\0\nUsage:\n\0", "util-linux 2.38.1"),
            miss("usr/bin/getopt", b"\0util-linux\x002.38.1\0"),
        ],
    },
    Program {
        name: "vim",
        cpe: "vim:vim",
        files: &[Versioned("vim"), Named("vim.basic"), Named("vim.tiny"), Named("vim.nox"), Named("vi")],
        form: Native,
        rules: &[after(b"/vim-", THREE).beyond(&[b"=", b"/"]), after(b"VIM - Vi IMproved ", numbers(2, 2)).beyond(&[b" ("])],
        samples: &[
            hit("usr/local/bin/vim", b"tabloid\0\0\0\0VIM - Vi IMproved 9.0 (2022 Jun 28)\0\0", "vim 9.0"),
            hit("usr/bin/vim.basic", b"-ffile-prefix-map=/build/reproducible-path/vim-9.0.1378=. VIM - Vi IMproved 9.0 (2022", "vim 9.0.1378"),
            miss("usr/local/bin/vim", b"\0VIM - Vi IMproved 9.0\0"),
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
    Program {
        name: "wp-cli",
        cpe: "wp-cli:wp-cli",
        files: &[Named("wp"), Named("wp-cli.phar")],
        form: Text,
        rules: &[after(b"wp-cli/wp-cli ", THREE)],
        samples: &[
            hit("usr/local/bin/wp", b"#!/usr/bin/env php\n... wp-cli/wp-cli 2.9.0 ...", "wp-cli 2.9.0"),
            miss("usr/local/bin/wp", b"#!/bin/sh\nexec php /opt/wp-cli/wp-cli.phar\n"),
        ],
    },
    Program {
        name: "zsh",
        cpe: "zsh:zsh",
        files: &[Versioned("zsh")],
        form: Native,
        rules: &[after(b"/zsh/", numbers(2, 4)).beyond(&[b"\0", b"/"])],
        samples: &[
            hit("usr/local/bin/zsh", b"\0\0/usr/lib/x86_64-linux-gnu/zsh/5.9\0\0\0", "zsh 5.9"),
            miss("usr/local/bin/zsh", b"/usr/share/zsh/vendor-completions\0"),
        ],
    },
];
