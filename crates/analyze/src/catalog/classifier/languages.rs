//! Languages: interpreters, compilers and runtimes.

use super::program::{
    File::{Library, Named, Path, Versioned},
    Form::{Native, Text},
    Program, after, alone, before, first, hit, miss, next,
};
use super::version::{Shape, THREE, TWO_OR_THREE, numbers};

/// Java's versions: `1.8.0_392-b08`, `17.0.9+9`, `21+35-LTS`.
const JAVA: Shape = numbers(1, 5).any();

/// The languages, by name.
pub(super) static ALL: &[Program] = &[
    Program {
        name: "bun",
        cpe: "bun:bun",
        met: true,
        files: &[Named("bun"), Named("bunx")],
        form: Native,
        rules: &[after(b"Bun v", THREE), after(b"Bun/", THREE)],
        samples: &[
            hit("usr/local/bin/bun", b"\0Bun v1.1.42 (Linux x64)\0", "bun 1.1.42"),
            miss("usr/local/bin/bun", b"\0Bun v%d.%d.%d\0"),
        ],
    },
    Program {
        name: "dart",
        cpe: "dart:dart_software_development_kit",
        met: false,
        files: &[Named("dart")],
        form: Native,
        rules: &[before(b" (stable) (", THREE.any()).beyond(&[b"\0"]), before(b" (beta) (", THREE.any()).beyond(&[b"\0"]), before(b" (stable)\0", THREE.any()).beyond(&[b"\0"])],
        samples: &[
            hit("usr/lib/dart/bin/dart", b"MathAtan\x002.12.4 (stable) (Thu Apr 15 12:26:53 2021 +0200)\0", "dart 2.12.4"),
            hit("usr/lib/dart/bin/dart", b"Dart,GC\"\x003.6.0-216.1.beta (beta) (Tue\0", "dart 3.6.0-216.1.beta"),
            miss("usr/lib/dart/bin/dart", b"v3.5.2 (stable) (x\0"),
        ],
    },
    Program {
        name: "deno",
        cpe: "deno:deno",
        met: true,
        files: &[Named("deno")],
        form: Native,
        rules: &[after(b"Deno/", THREE)],
        samples: &[
            hit("usr/bin/deno", b"user-agentDeno/1.41.0\0", "deno 1.41.0"),
            miss("usr/bin/deno", b"https://deno.land/std@0.200.0/version.ts"),
        ],
    },
    Program {
        name: "dotnet",
        cpe: "microsoft:.net",
        met: true,
        files: &[Named("dotnet"), Library("libhostfxr")],
        form: Native,
        rules: &[after(b"  Version: %s\0", THREE.any()), after(b"] main = {\0", THREE.any())],
        samples: &[
            hit(
                "usr/share/dotnet/host/fxr/3.1.23/libhostfxr.so",
                b"exec\0Host (useful for support):\0  Version: %s\x003.1.23\x007af614fde0e0da1d20b33a6e2da7ae2994c5eec3\0",
                "dotnet 3.1.23",
            ),
            hit(
                "usr/share/dotnet/dotnet",
                b"--- Invoked %s [version: %s, commit hash: %s] main = {\x003.1.23\x007af614fde0e0da1d20\0",
                "dotnet 3.1.23",
            ),
            miss("usr/share/dotnet/dotnet", b"\0  Version: %s\0commit hash: %s] main = {\0%s\0"),
        ],
    },
    Program {
        name: "elixir",
        cpe: "elixir-lang:elixir",
        met: true,
        files: &[Named("elixir"), Path("elixir/ebin/elixir.app")],
        form: Text,
        rules: &[
            after(b"\nELIXIR_VERSION=", THREE.any()),
            after(b"{vsn,\"", THREE.any()),
        ],
        samples: &[
            hit(
                "usr/lib/elixir/bin/elixir",
                b"#!/bin/sh\nset -e\n\nELIXIR_VERSION=1.14.0\n\nif [ $# -eq 0 ]",
                "elixir 1.14.0",
            ),
            hit(
                "usr/local/lib/elixir/lib/elixir/ebin/elixir.app",
                b"{application,elixir,\n [{description,\"elixir\"},\n  {vsn,\"1.18.0-rc.0\"},",
                "elixir 1.18.0-rc.0",
            ),
            miss("usr/bin/elixir", b"#!/bin/sh\nexec /opt/elixir-1.14.0/bin/elixir \"$@\"\n"),
        ],
    },
    Program {
        name: "erlang",
        cpe: "erlang:erlang\\/otp",
        met: true,
        files: &[Named("beam.smp"), Named("erlexec"), Named("liberts_internal.a")],
        form: super::program::Form::Any,
        rules: &[
            after(b"/src/otp_src_", numbers(2, 5).pre()).beyond(&[b"/erts/"]),
            after(b"/usr/local/src/otp-", numbers(2, 5).pre()).beyond(&[b"/erts/"]),
            before(b"\0Erlang/OTP ", numbers(2, 5).pre()).beyond(&[b"\0"]),
            next(b"[async-threads:%d]", 150, numbers(2, 5).pre()),
        ],
        samples: &[
            hit(
                "usr/lib/erlang/erts-13.1.5/bin/beam.smp",
                b"[ds:%beu:%beu:%beu] [async-threads:%d] [jit:ns%s]\n\x0025.2.3\0\0\0\0\0\0\0\xa0\x826",
                "erlang 25.2.3",
            ),
            hit(
                "usr/local/lib/erlang/erts-13.2/bin/erlexec",
                b"<artificial>\0/usr/src/otp_src_25.3.2.6/erts/etc/unix",
                "erlang 25.3.2.6",
            ),
            miss(
                "usr/lib/erlang/erts-13.1.5/bin/beam.smp",
                b"\0(BEAM) emulator version 13.1.5\n\0",
            ),
        ],
    },
    Program {
        name: "ghc",
        cpe: "haskell:ghc",
        met: true,
        files: &[Versioned("ghc")],
        form: Native,
        rules: &[after(b"\0libHSghc-", THREE).beyond(&[b"-"]), after(b"\0GHC ", THREE)],
        samples: &[
            hit("usr/lib/ghc/bin/ghc", b"ghc9.0.2.so\0libHSghc-9.0.2-ghc9.0.2.so\0libHSterminfo", "ghc 9.0.2"),
            miss("usr/lib/ghc/bin/ghc", b"\0libHSghc-prim-0.7.0-ghc9.0.2.so\0"),
        ],
    },
    Program {
        name: "go",
        cpe: "golang:go",
        met: true,
        files: &[Path("bin/go"), Path("bin/go.exe"), Named("VERSION")],
        form: super::program::Form::Any,
        rules: &[
            alone(b"\0go1.", TWO_OR_THREE),
            first(b"go", TWO_OR_THREE),
        ],
        samples: &[
            hit(
                "usr/local/go/bin/go",
                b"_\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0go1.19.8\0runtime/cgo: \0\0",
                "go 1.19.8",
            ),
            hit("usr/local/go/bin/go", b"\x02\0\0\0go1.4\0runtime/cgo: \0", "go 1.4"),
            hit("usr/lib/go-1.19/VERSION", b"go1.19.8", "go 1.19.8"),
            hit("usr/local/go/VERSION", b"go1.21.3\ntime 2023-10-09T17:04:35Z\n", "go 1.21.3"),
            miss("opt/tool/VERSION", b"1.21.3\nbuilt with go1.21.3\n"),
            miss("usr/local/go/bin/go", b"\0go1.x\0Go1.21.0\0go1.21 or later\0"),
        ],
    },
    Program {
        name: "julia",
        cpe: "julialang:julia",
        met: false,
        files: &[Library("libjulia-internal")],
        form: Native,
        rules: &[after(b"__init__\0", THREE)],
        samples: &[
            hit("usr/local/julia/lib/julia/libjulia-internal.so.1.9", b"\0__init__\x001.9.4\0verify", "julia 1.9.4"),
            miss("usr/local/julia/lib/julia/libjulia-internal.so.1", b"\0__init__\0v1.9\0verify"),
        ],
    },
    Program {
        name: "lua",
        cpe: "lua:lua",
        met: true,
        files: &[Versioned("lua"), Versioned("luac"), Library("liblua")],
        form: Native,
        rules: &[after(b"\0Lua ", THREE).beyond(&[b"  Copyright", b" Copyright"]), after(b"$Lua: Lua ", THREE), after(b"$LuaVersion: Lua ", THREE)],
        samples: &[
            hit("usr/local/bin/lua5.4", b"stdin\n\0\0\0Lua 5.4.4  Copyright (C) 1994-2022 Lua.org, PUC-Rio\0", "lua 5.4.4"),
            miss("usr/local/bin/lua", b"\0LUA_5.4\0Lua 5.4\0"),
        ],
    },
    Program {
        name: "luajit",
        cpe: "luajit:luajit",
        met: true,
        files: &[Named("luajit"), Library("libluajit-5.1"), Versioned("luajit")],
        form: Native,
        rules: &[after(b"\0LuaJIT ", THREE.any())],
        samples: &[
            hit("usr/local/lib/libluajit-5.1.so.2.1.0", b"table.clear\0LuaJIT 2.1.0-beta3\0jit\0", "luajit 2.1.0-beta3"),
            miss("usr/local/bin/luajit", b"/usr/share/luajit-2.1.0-beta3/?.lua\0"),
        ],
    },
    Program {
        name: "node",
        cpe: "nodejs:node.js",
        met: true,
        files: &[Versioned("node"), Named("nodejs"), Library("libnode")],
        form: Native,
        rules: &[
            after(b"https://nodejs.org/download/release/v", THREE),
            after(b"node.js/v", THREE),
            after(b"\0node v", THREE),
            alone(b"\0v0.", THREE),
            alone(b"\0v4.", THREE),
            alone(b"\0v5.", THREE),
            alone(b"\0v6.", THREE),
        ],
        samples: &[
            hit(
                "usr/local/bin/node",
                b"Hydrogen\0https://nodejs.org/download/release/v18.20.4/node-v18.20.4.tar.gz\0",
                "node 18.20.4",
            ),
            hit("usr/bin/nodejs", b"/json\0node.js/v18.20.4\0(delegate_) != nullptr\0", "node 18.20.4"),
            hit("usr/local/bin/node", b"\0v4.9.1\0node\0", "node 4.9.1"),
            miss("usr/local/bin/node", b"\0node.js instance\0node.js/vX\0v8.1.2\0"),
        ],
    },
    Program {
        name: "openjdk",
        cpe: "oracle:openjdk",
        met: true,
        files: &[Path("bin/java"), Path("bin/java.exe"), Library("libjvm")],
        form: Native,
        rules: &[
            after(b"Java HotSpot(TM) 64-Bit Server VM (", JAVA).names("oracle-jdk", "oracle:jdk"),
            after(b" JRE (", JAVA),
            after(b"\0openjdk\0java\x000.0\0", JAVA),
            after(b"\0openjdk\0java\x001.8\0", JAVA),
            after(b"\0java\x000.0\0", JAVA),
        ],
        samples: &[
            hit(
                "usr/lib/jvm/java-17-openjdk-amd64/bin/java",
                b"Picked up %s: %s\0openjdk\0java\x000.0\x0017.0.21+9-1-deb12u1-Debian\0-J-ms8m\0",
                "openjdk 17.0.21",
            ),
            hit(
                "opt/java/openjdk/lib/server/libjvm.so",
                b"OpenJDK 64-Bit Server VM (21+35-LTS) for linux-amd64 JRE (21+35-LTS), built on",
                "openjdk 21",
            ),
            hit(
                "usr/lib/jvm/jre/lib/amd64/server/libjvm.so",
                b"OpenJDK 64-Bit Server VM (25.392-b08) for linux-amd64 JRE (1.8.0_392-b08), built",
                "openjdk 1.8.0_392",
            ),
            miss("opt/java/bin/java", b"\0openjdk\0java\x000.0\0-J-ms8m\0 JRE (%s)\0"),
        ],
    },
    Program {
        name: "perl",
        cpe: "perl:perl",
        met: true,
        files: &[Versioned("perl"), Library("libperl")],
        form: Native,
        rules: &[
            alone(b"\0v5.", THREE),
            after(b"/lib/perl5/", THREE),
            after(b"/share/perl/", THREE),
        ],
        samples: &[
            hit(
                "usr/bin/perl",
                b"pagesize unknown\0 \n-\0PERL_INTERNAL_RAND_SEED\0v5.36.0\0panic: sysconf: %s\0",
                "perl 5.36.0",
            ),
            hit(
                "usr/local/bin/perl",
                b"\0/usr/local/lib/perl5/5.38.2/x86_64-linux-gnu\0",
                "perl 5.38.2",
            ),
            miss("usr/bin/perl", b"\0/usr/share/perl5\0v5.%d\0/usr/share/perl/5.36\0"),
        ],
    },
    Program {
        name: "php",
        cpe: "php:php",
        met: true,
        files: &[
            Versioned("php"),
            Named("php-cgi"),
            Versioned("php-fpm"),
            Versioned("php-cgi"),
            Library("libphp"),
        ],
        form: Native,
        rules: &[after(b"X-Powered-By: PHP/", numbers(3, 3).pre())],
        samples: &[
            hit(
                "usr/local/bin/php",
                b"Script:  '%s'\n\0%s,%s\0X-Powered-By: PHP/8.2.35\0ZEND_MM_MAX_ALLOCS\0",
                "php 8.2.35",
            ),
            hit("usr/local/sbin/php-fpm", b"\0X-Powered-By: PHP/8.4.0RC2\0", "php 8.4.0RC2"),
            miss("usr/local/bin/php", b"\0X-Powered-By: PHP/\0PHP/8.2.35\0"),
        ],
    },
    Program {
        name: "pypy",
        cpe: "pypy:pypy",
        met: true,
        files: &[Library("libpypy")],
        form: Native,
        rules: &[after(b"[PyPy ", THREE)],
        samples: &[
            hit("opt/pypy/bin/libpypy3.10-c.so", b"\0[PyPy 7.3.15 with GCC 10.2.1 20210130]\0", "pypy 7.3.15"),
            miss("opt/pypy/bin/libpypy3-c.so", b"\0[PyPy %d.%d]\0"),
        ],
    },
    Program {
        name: "python",
        cpe: "python:python",
        met: true,
        files: &[Versioned("python"), Library("libpython")],
        form: Native,
        rules: &[
            alone(b"\x003.", THREE.any()),
            alone(b"\x002.", numbers(2, 3).any()),
        ],
        samples: &[
            hit(
                "usr/local/lib/libpython3.11.so.1.0",
                b"Empty parameter name after $\0%s: '%s'\x003.11.2\0%.80s (%.80s) %.80s\0",
                "python 3.11.2",
            ),
            hit(
                "opt/python/bin/python3.13",
                b"\x003.4.0\0pymalloc_debug\x003.13.0rc2+\0strict\0",
                "python 3.13.0rc2+",
            ),
            hit("usr/bin/python2.7", b"\0lib/python2.7\x002.7.18\0", "python 2.7.18"),
            miss("usr/local/bin/python3.11", b"\x003.1.11\x003.110.2\x003.11\0"),
            miss("usr/local/bin/python3-config", b"\x003.11.2\0"),
        ],
    },
    Program {
        name: "ruby",
        cpe: "ruby-lang:ruby",
        met: true,
        files: &[Versioned("ruby"), Library("libruby")],
        form: Native,
        rules: &[after(b"\0ruby ", THREE).beyond(&[b" (20"])],
        samples: &[
            hit(
                "usr/local/lib/libruby.so.3.1.2",
                b"Matsumoto\0\0\0ruby 3.1.2p20 (2022-04-12 revision 4491bb740a) +YJIT [x86_64-linux-gnu]\0",
                "ruby 3.1.2p20",
            ),
            hit(
                "usr/local/bin/ruby",
                b"\0ruby 3.4.0preview1 (2024-05-16 master 9d69619623) [x86_64-linux]\0",
                "ruby 3.4.0preview1",
            ),
            miss("usr/local/bin/ruby", b"\0ruby 3.1.2 is required\0/usr/lib/ruby-3.1.2/x\0"),
        ],
    },
    Program {
        name: "rust",
        cpe: "rust-lang:rust",
        met: true,
        files: &[Named("rustc"), Library("libstd"), Library("librustc_driver")],
        form: Native,
        rules: &[
            after(b"rustc version ", THREE.any()),
            after(b"/rustc-", THREE.any()).beyond(&[b"/library/", b"/compiler/"]),
        ],
        samples: &[
            hit(
                "usr/local/lib/libstd-8a2c0e6b2f8d8a5e.so",
                b"\0clang LLVM (rustc version 1.48.0 (7eac88abb 2020-11-16))\0",
                "rust 1.48.0",
            ),
            hit(
                "usr/lib/libstd-a5a48102fbd58791.so",
                b"idx < CAPACITY/usr/src/rustc-1.63.0/library/alloc/src/collections/btree/node.rs",
                "rust 1.63.0",
            ),
            miss("usr/local/bin/rustc", b"/root/.cargo/registry/src/rustc-hash-1.1.0/src/lib.rs"),
        ],
    },
    Program {
        name: "sbcl",
        cpe: "sbcl:sbcl",
        met: true,
        files: &[Named("sbcl")],
        form: Native,
        rules: &[before(b"\0SBCL %s\n", THREE), before(b".debian\0SBCL %s\n", THREE)],
        samples: &[
            hit("usr/bin/sbcl", b"--help\0--version\x002.2.9.debian\0SBCL %s\n\0", "sbcl 2.2.9"),
            miss("usr/bin/sbcl", b"\0GLIBC_2.2.5\0SBCL %s\n\0"),
        ],
    },
    Program {
        name: "swipl",
        cpe: "swi-prolog:swi-prolog",
        met: false,
        files: &[Named("swipl"), Library("libswipl")],
        form: Native,
        rules: &[after(b"swipl-", THREE).beyond(&[b"/"])],
        samples: &[
            hit("usr/bin/swipl", b"/build/swipl-9.0.4/src/pl-init.c\0", "swipl 9.0.4"),
            miss("usr/bin/swipl", b"/usr/lib/swipl-9/x\0"),
        ],
    },
    Program {
        name: "tcl",
        cpe: "tcl:tcl",
        met: true,
        files: &[Library("libtcl")],
        form: Native,
        rules: &[before(b"\0tcl_patchLevel\0", THREE)],
        samples: &[
            hit("usr/lib/libtcl8.6.so", b"pointerSize\x008.6.13\0tcl_patchLevel\0tcl_version\0", "tcl 8.6.13"),
            miss("usr/lib/libtcl8.6.so", b"\x008.6\0tcl_patchLevel\0"),
        ],
    },
];
