//! Libraries that programs bring along, and the programs that come with them.

use super::program::{
    File::{Library, Named, Versioned},
    Form::Native,
    Program, after, alone, before, hit, miss, next, previous,
};
use super::version::{THREE, TWO_OR_THREE, numbers};

/// What follows OpenSSL's version: its date, or a mark of the build. A bracket follows where another
/// library says which OpenSSL it is compatible with.
const DATED: &[&[u8]] = &[
    b"  ", b" 1", b" 2", b" 3", b" 4", b" 5", b" 6", b" 7", b" 8", b" 9", b"-fips", b"-dev",
    b"+quic", b"\0",
];

/// The libraries, by name.
pub(super) static ALL: &[Program] = &[
    Program {
        name: "bzip2",
        cpe: "bzip:bzip2",
        files: &[Library("libbz2")],
        form: Native,
        rules: &[
            before(b", 13-Jul-2019\0", THREE),
            before(b", 6-Sept-2010\0", THREE),
        ],
        samples: &[
            hit(
                "usr/local/lib/libbz2.so.1.0.8",
                b"{0x%08x, 0x%08x}\0w\0r\x001.0.8, 13-Jul-2019\0OK\0",
                "bzip2 1.0.8",
            ),
            hit(
                "app/x.libs/libbz2-a273e504.so.1.0.6",
                b"\x001.0.6, 6-Sept-2010\0",
                "bzip2 1.0.6",
            ),
            miss("usr/local/lib/libbz2.so.1.0", b"\x001.0.8\0"),
        ],
    },
    Program {
        name: "curl",
        cpe: "haxx:curl",
        files: &[Named("curl"), Library("libcurl"), Library("libcurl-gnutls")],
        form: Native,
        rules: &[
            after(b"libcurl/", THREE),
            after(b"curl/", THREE),
            after(b"\0curl ", THREE),
        ],
        samples: &[
            hit(
                "usr/local/bin/curl",
                b"application/json\0curl/7.88.1\0\0\0",
                "curl 7.88.1",
            ),
            hit(
                "usr/local/lib/libcurl.so.4.8.0",
                b"/\0libcurl/7.88.1\0zlib/%s\0",
                "curl 7.88.1",
            ),
            miss("usr/local/bin/curl", b"\0curl/%s\0/usr/share/curl/7.88\0"),
        ],
    },
    Program {
        name: "expat",
        cpe: "libexpat_project:libexpat",
        files: &[Library("libexpat")],
        form: Native,
        rules: &[after(b"\0expat_", THREE)],
        samples: &[
            hit(
                "usr/local/lib/libexpat.so.1.8.10",
                b"parser not started\0expat_2.5.0\0\\0\0",
                "expat 2.5.0",
            ),
            miss("usr/local/lib/libexpat.so.1", b"\0expat_config.h\0"),
        ],
    },
    Program {
        name: "ffmpeg",
        cpe: "ffmpeg:ffmpeg",
        files: &[
            Versioned("ffmpeg"),
            Named("ffprobe"),
            Named("ffplay"),
            Library("libavcodec"),
            Library("libavdevice"),
            Library("libavfilter"),
            Library("libavformat"),
            Library("libavutil"),
            Library("libswresample"),
            Library("libpostproc"),
        ],
        form: Native,
        rules: &[
            after(b"FFmpeg version n", TWO_OR_THREE),
            after(b"FFmpeg version ", TWO_OR_THREE),
            after(b"%s version n", TWO_OR_THREE),
            after(b"%s version ", TWO_OR_THREE),
        ],
        samples: &[
            hit(
                "usr/local/bin/ffmpeg",
                b"specified.\n\0%s version 5.1.9-0+deb12u1\0%sbuilt with %s\n\0",
                "ffmpeg 5.1.9",
            ),
            hit(
                "usr/local/lib/libavcodec.so.59.37.100",
                b"later\0\0\0FFmpeg version 5.1.9-0+deb12u1\0",
                "ffmpeg 5.1.9",
            ),
            miss(
                "usr/local/lib/libavcodec.so.59",
                b"Lavc59.37.100\0FFmpeg version N-109542-g4ab2f9e\0",
            ),
        ],
    },
    Program {
        name: "glibc",
        cpe: "gnu:glibc",
        files: &[
            Named("libc.so.6"),
            Named("ld-linux-x86-64.so.2"),
            Named("ld-linux-aarch64.so.1"),
        ],
        form: Native,
        rules: &[
            after(b" stable release version ", TWO_OR_THREE),
            after(b" release version ", TWO_OR_THREE),
            after(b"\0glibc ", TWO_OR_THREE).beyond(&[b"\0"]),
        ],
        samples: &[
            hit(
                "opt/glibc/lib/libc.so.6",
                b"GNU C Library (GNU libc) stable release version 2.36.\nCopyright",
                "glibc 2.36",
            ),
            hit(
                "lib64/ld-linux-x86-64.so.2",
                b"\n\0ld.so (Debian GLIBC 2.36-9+deb12u14) stable release version 2.36.\n",
                "glibc 2.36",
            ),
            miss("lib/libc.so.6", b"\0GLIBC_2.36\0"),
        ],
    },
    Program {
        name: "gnutls",
        cpe: "gnu:gnutls",
        files: &[Library("libgnutls")],
        form: Native,
        rules: &[
            after(b"Enabled GnuTLS ", THREE),
            before(b"\0GNUTLS_NO_IMPLICIT_INIT\0", THREE),
        ],
        samples: &[
            hit(
                "usr/local/lib/libgnutls.so.30",
                b"\0Enabled GnuTLS 3.7.9 logging...\n\0",
                "gnutls 3.7.9",
            ),
            miss("usr/local/lib/libgnutls.so.30", b"\0GNUTLS_3_7_9\x003.4\0"),
        ],
    },
    Program {
        name: "imagemagick",
        cpe: "imagemagick:imagemagick",
        files: &[
            Named("magick"),
            Named("convert"),
            Library("libMagickCore-6.Q16"),
            Library("libMagickCore-7.Q16"),
            Library("libMagickCore-7.Q16HDRI"),
            Library("libMagickCore"),
        ],
        form: Native,
        rules: &[
            after(b"ImageMagick ", THREE.any()),
            after(b"/ImageMagick-", THREE).beyond(&[b"/"]),
        ],
        samples: &[
            hit(
                "usr/local/lib/libMagickCore-6.Q16.so.6.0.0",
                b"\0/usr/lib/x86_64-linux-gnu/ImageMagick-6.9.11//config-Q16/\0",
                "imagemagick 6.9.11",
            ),
            hit(
                "usr/local/lib/libMagickCore-7.Q16HDRI.so.10",
                b"\0ImageMagick 7.1.1-21 Q16-HDRI x86_64 21667 https://imagemagick.org\0",
                "imagemagick 7.1.1-21",
            ),
            miss("usr/local/bin/magick", b"\0ImageMagick-6\0"),
        ],
    },
    Program {
        name: "libarchive",
        cpe: "libarchive:libarchive",
        files: &[Library("libarchive")],
        form: Native,
        rules: &[after(b"libarchive ", THREE), after(b"libarchive/", THREE)],
        samples: &[
            hit(
                "usr/local/lib/libarchive.so.13",
                b"0123456789abcdef\0libarchive 3.6.2\0/tmp\0",
                "libarchive 3.6.2",
            ),
            miss("usr/local/lib/libarchive.so.13", b"\0libarchive_XXXXXX\0"),
        ],
    },
    Program {
        name: "libgcrypt",
        cpe: "gnupg:libgcrypt",
        files: &[Library("libgcrypt")],
        form: Native,
        rules: &[after(b"This is Libgcrypt ", THREE)],
        samples: &[
            hit(
                "usr/local/lib/libgcrypt.so.20",
                b"\n\nThis is Libgcrypt 1.10.1 - The GNU Crypto Library\n",
                "libgcrypt 1.10.1",
            ),
            miss("usr/local/lib/libgcrypt.so.20", b"\0This is Libgcrypt\0"),
        ],
    },
    Program {
        name: "libjpeg-turbo",
        cpe: "libjpeg-turbo:libjpeg-turbo",
        files: &[Library("libjpeg"), Library("libturbojpeg")],
        form: Native,
        rules: &[after(b"libjpeg-turbo version ", THREE)],
        samples: &[
            hit(
                "usr/local/lib/libjpeg.so.62.3.0",
                b"\0libjpeg-turbo version 2.1.5 (build 20230203)\0",
                "libjpeg-turbo 2.1.5",
            ),
            miss(
                "usr/local/lib/libjpeg.so.62",
                b"\0libjpeg-turbo version %s\0",
            ),
        ],
    },
    Program {
        name: "libpng",
        cpe: "libpng:libpng",
        files: &[Library("libpng")],
        form: Native,
        rules: &[after(b"libpng version ", THREE)],
        samples: &[
            hit(
                "usr/local/lib/libpng16.so.16.39.0",
                b"\0\nlibpng version 1.6.39\nCopyright (c) 2018-2022 Cosmin Truta\n",
                "libpng 1.6.39",
            ),
            miss("usr/local/lib/libpng16.so.16", b"\0libpng-1.6\0"),
        ],
    },
    Program {
        name: "libssh",
        cpe: "libssh:libssh",
        files: &[Library("libssh")],
        form: Native,
        rules: &[after(b"SSH-2.0-libssh_", THREE)],
        samples: &[
            hit(
                "usr/local/lib/libssh.so.4.9.6",
                b"%s\0SSH-2.0-libssh_0.10.6\0SSH-2.0-%s\0",
                "libssh 0.10.6",
            ),
            miss("usr/local/lib/libssh.so.4", b"SSH-2.0-libssh2_1.10.0\0"),
        ],
    },
    Program {
        name: "libssh2",
        cpe: "libssh2:libssh2",
        files: &[Library("libssh2")],
        form: Native,
        rules: &[after(b"SSH-2.0-libssh2_", THREE.any())],
        samples: &[
            hit(
                "usr/local/lib/libssh2.so.1.0.1",
                b"\0SSH-2.0-libssh2_1.10.0\r\n\0",
                "libssh2 1.10.0",
            ),
            miss("usr/local/lib/libssh2.so.1", b"SSH-2.0-libssh_0.10.6\0"),
        ],
    },
    Program {
        name: "libtiff",
        cpe: "libtiff:libtiff",
        files: &[Library("libtiff")],
        form: Native,
        rules: &[after(b"LIBTIFF, Version ", THREE)],
        samples: &[
            hit(
                "usr/local/lib/libtiff.so.6.0.0",
                b"\0LIBTIFF, Version 4.5.0\nCopyright (c) 1988-1996",
                "libtiff 4.5.0",
            ),
            miss("usr/local/lib/libtiff.so.6", b"\0LIBTIFF_4.0\0"),
        ],
    },
    Program {
        name: "musl",
        cpe: "musl-libc:musl",
        files: &[
            Named("ld-musl-x86_64.so.1"),
            Named("ld-musl-aarch64.so.1"),
            Named("ld-musl-armhf.so.1"),
            Named("ld-musl-i386.so.1"),
            Named("libc.musl-x86_64.so.1"),
            Named("libc.so"),
        ],
        form: Native,
        rules: &[
            next(b"/proc/self/fd/\0", 64, THREE),
            before(b"\0Unsupported request %d\0", THREE),
            alone(b"\x001.", THREE),
        ],
        samples: &[
            hit(
                "lib/ld-musl-x86_64.so.1",
                b"\0/proc/self/fd/\x001.2.3\0Unsupported request %d\0",
                "musl 1.2.3",
            ),
            miss("lib/ld-musl-x86_64.so.1", b"\0/proc/self/fd/\x001.2\0"),
        ],
    },
    Program {
        name: "openssl",
        cpe: "openssl:openssl",
        files: &[Named("openssl"), Library("libssl"), Library("libcrypto")],
        form: Native,
        rules: &[
            after(b"AWS-LC ", THREE).names("aws-lc", "amazon:aws_libcrypto"),
            after(b"\0LibreSSL ", THREE).names("libressl", "openbsd:libressl"),
            after(b"\0OpenSSL ", THREE.letters()).beyond(DATED),
            after(b"(OpenSSL ", THREE.letters()).beyond(DATED),
        ],
        samples: &[
            hit(
                "usr/local/bin/openssl",
                b"N/A\0OpenSSL 3.0.22 25 Aug 2026\0%s (Library: %s)\n\0",
                "openssl 3.0.22",
            ),
            hit(
                "app/x.libs/libcrypto-81ffa89e.so.1.1",
                b"@\0OpenSSL 1.1.1w  11 Sep 2023\0",
                "openssl 1.1.1w",
            ),
            hit(
                "usr/local/bin/openssl",
                b"\0OpenSSL 3.2.0-beta1 26 Oct 2023\0",
                "openssl 3.2.0-beta1",
            ),
            hit(
                "usr/bin/openssl",
                b"\0LibreSSL 3.8.2\0OpenSSL 1.0.2 compatible\0",
                "libressl 3.8.2",
            ),
            hit(
                "usr/lib/libcrypto.so",
                b"\0OpenSSL 1.1.1 (compatible; AWS-LC 1.69.0)\0",
                "aws-lc 1.69.0",
            ),
            miss(
                "usr/lib/libssl.so",
                b"\0OPENSSL_3.0.0\0OpenSSL 1.1.1 (compatible; BoringSSL)\0",
            ),
        ],
    },
    Program {
        name: "pcre2",
        cpe: "pcre:pcre2",
        files: &[
            Library("libpcre2-8"),
            Library("libpcre2-16"),
            Library("libpcre2-32"),
        ],
        form: Native,
        rules: &[
            before(b" 2022-12-11", numbers(2, 2)),
            alone(b"\x0010.", numbers(2, 2).any()),
        ],
        samples: &[
            hit(
                "usr/local/lib/libpcre2-8.so.0.11.2",
                b"\r\n\0\x03y\x0010.42 2022-12-11\0\0",
                "pcre2 10.42",
            ),
            miss("usr/local/lib/libpcre2-8.so.0", b"\x0010.42.1 2022-12-11\0"),
        ],
    },
    Program {
        name: "sqlite",
        cpe: "sqlite:sqlite",
        files: &[Named("sqlite3"), Library("libsqlite3")],
        form: Native,
        rules: &[alone(b"\x003.", numbers(3, 4))],
        samples: &[
            hit(
                "usr/local/lib/libsqlite3.so.0.8.6",
                b"\x08\0\0\x003.40.1\0\0\x01\0\0\0",
                "sqlite 3.40.1",
            ),
            miss("usr/local/bin/sqlite3", b"SQLite 3.40.1\x003.40\0"),
        ],
    },
    Program {
        name: "systemd",
        cpe: "systemd_project:systemd",
        files: &[
            Named("systemctl"),
            Library("libsystemd-shared-"),
            Library("libsystemd-core-"),
        ],
        form: Native,
        rules: &[after(b"\0systemd ", numbers(1, 2).any()).beyond(&[b" ("])],
        samples: &[
            hit(
                "usr/lib/systemd/libsystemd-shared-252.so",
                b"unified\0\0systemd 252 (252.39-1~deb12u2)\n%s\n\0",
                "systemd 252",
            ),
            miss(
                "usr/lib/systemd/libsystemd-shared-252.so",
                b"\0systemd 252\0",
            ),
        ],
    },
    Program {
        name: "xz",
        cpe: "tukaani:xz",
        files: &[Named("xz"), Library("liblzma")],
        form: Native,
        rules: &[after(b"xz (XZ Utils) ", THREE), alone(b"\x005.", THREE)],
        samples: &[
            hit(
                "usr/local/bin/xz",
                b"chain: %s\n\0xz (XZ Utils) 5.4.1\0liblzma %s\n\0",
                "xz 5.4.1",
            ),
            hit(
                "app/pillow.libs/liblzma-cf0f2d53.so.5.4.1",
                b"\0\0\x005.6.1\0b=\xfe\xff",
                "xz 5.6.1",
            ),
            miss("usr/local/lib/liblzma.so.5", b"XZ_5.2.2\x005.2\0"),
        ],
    },
    Program {
        name: "zlib",
        cpe: "zlib:zlib",
        files: &[Library("libz")],
        form: Native,
        rules: &[
            after(b" deflate ", numbers(2, 4).any()).beyond(&[b" Copyright 1995-"]),
            after(b" inflate ", numbers(2, 4).any()).beyond(&[b" Copyright 1995-"]),
        ],
        samples: &[
            hit(
                "usr/local/lib/libz.so.1.2.13",
                b"\x02- deflate 1.2.13 Copyright 1995-2022 Jean-loup Gailly and Mark Adler \0",
                "zlib 1.2.13",
            ),
            hit(
                "app/x.libs/libz-dd453c56.so.1",
                b"\0 deflate 1.3 Copyright 1995-2023 Jean-loup",
                "zlib 1.3",
            ),
            miss("usr/local/lib/libz.so.1", b"ZLIB_1.2.13\0 deflate level\0"),
        ],
    },
    Program {
        name: "zstd",
        cpe: "facebook:zstandard",
        files: &[Named("zstd"), Library("libzstd")],
        form: Native,
        rules: &[
            before(b"\0Zstandard CLI", THREE),
            previous(b"\0*** %s (%i-bit) %s, by %s ***", 200, THREE),
            previous(b"\0Zstandard CLI", 1000, THREE),
            alone(b"\0v1.", THREE),
            alone(b"\x001.", THREE),
        ],
        samples: &[
            hit(
                "usr/local/bin/zstd",
                b"Disabled\0Enabled\0v1.5.4\0Zstandard CLI\0Yann Collet\0",
                "zstd 1.5.4",
            ),
            hit(
                "usr/local/lib/libzstd.so.1.5.4",
                b"\xcaw\0\0\x001.5.4\0\0\0\0",
                "zstd 1.5.4",
            ),
            miss("usr/local/lib/libzstd.so.1", b"\0v1.5\0ZSTD_1.5.4\0"),
        ],
    },
];
