//! Libraries that programs bring along, and the programs that come with them.

use super::program::{
    File::{Library, Named, Versioned},
    Form::Native,
    Program, after, alone, before, hit, miss, next, packed, previous,
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
        name: "aom",
        cpe: "aomedia:aomedia",
        met: true,
        files: &[Library("libaom")],
        form: Native,
        rules: &[
            after(b"AOMedia Project AV1 Decoder ", THREE),
            after(b"AOMedia Project AV1 Encoder ", THREE),
            after(b"AOMedia Project AV1 Decoder v", THREE),
        ],
        samples: &[
            hit(
                "app/x.libs/libaom-a0d22147.so.3.14.1",
                b"Inspector 3.14.1\0\0\0\0AOMedia Project AV1 Decoder 3.14.1\0\0",
                "aom 3.14.1",
            ),
            hit(
                "usr/lib/libaom.so.3.6.0",
                b"Inspector v3.6.0\0\0\0\0AOMedia Project AV1 Decoder v3.6.0\0aom frameworker\0",
                "aom 3.6.0",
            ),
            miss("usr/lib/libaom.so.3", b"AOMedia Project AV1 Decoder v\0"),
        ],
    },
    Program {
        name: "bzip2",
        cpe: "bzip:bzip2",
        met: true,
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
        met: true,
        files: &[Named("curl"), Library("libcurl"), Library("libcurl-gnutls")],
        form: Native,
        rules: &[
            after(b"libcurl/", THREE),
            after(b"CLIENT libcurl ", THREE),
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
        name: "cyrus-sasl",
        cpe: "cyrusimap:cyrus-sasl",
        met: true,
        files: &[Library("libsasl2")],
        form: Native,
        rules: &[after(b"\0Cyrus SASL\0", THREE)],
        samples: &[
            hit(
                "app/x.libs/libsasl2-84219a89.so.3.0.0",
                b"SASL_PATH\0Cyrus SASL\x002.1.26\0successful result\0",
                "cyrus-sasl 2.1.26",
            ),
            miss("usr/lib/libsasl2.so.2", b"\0Cyrus SASL\0%u\0"),
        ],
    },
    Program {
        name: "expat",
        cpe: "libexpat_project:libexpat",
        met: true,
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
        met: true,
        files: &[
            Versioned("ffmpeg"),
            Versioned("ffmpeg-linux-x86_64-v"),
            Versioned("ffmpeg-linux-aarch64-v"),
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
        met: true,
        files: &[
            Named("libc.so.6"),
            Named("ld-linux-x86-64.so.2"),
            Named("ld-linux-aarch64.so.1"),
            Library("libc-"),
            Library("ld-"),
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
        met: true,
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
        met: true,
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
        name: "krb5",
        cpe: "mit:kerberos_5",
        met: true,
        files: &[Library("libkrb5"), Named("krb5kdc")],
        form: Native,
        rules: &[after(b"KRB5_BRAND: krb5-", numbers(2, 3))],
        samples: &[
            hit(
                "usr/lib/libkrb5.so.3.3",
                b"\0KRB5_BRAND: krb5-1.20.1-final 1.20.1 20221111\0",
                "krb5 1.20.1",
            ),
            miss("usr/lib/libkrb5.so.3", b"\0KRB5_BRAND: \0"),
        ],
    },
    Program {
        name: "libarchive",
        cpe: "libarchive:libarchive",
        met: true,
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
        met: true,
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
        met: true,
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
        met: true,
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
        met: true,
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
        met: true,
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
        met: true,
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
        name: "libvpx",
        cpe: "webmproject:libvpx",
        met: true,
        files: &[Library("libvpx")],
        form: Native,
        rules: &[
            after(b"WebM Project VP8 Encoder v", THREE),
            after(b"WebM Project VP8 Decoder v", THREE),
            after(b"WebM Project VP9 Decoder v", THREE),
        ],
        samples: &[
            hit(
                "app/x.libs/libvpx-4fb239ff.so.11.0.1",
                b"values\0\0WebM Project VP8 Encoder v1.15.2\0\0",
                "libvpx 1.15.2",
            ),
            miss("usr/lib/libvpx.so.7", b"WebM Project VP8 Encoder\0"),
        ],
    },
    Program {
        name: "libxml2",
        cpe: "xmlsoft:libxml2",
        met: true,
        files: &[Library("libxml2")],
        form: Native,
        rules: &[
            packed(b"209"),
            packed(b"210"),
            packed(b"211"),
            packed(b"212"),
            packed(b"213"),
            packed(b"214"),
            packed(b"215"),
        ],
        samples: &[
            hit(
                "usr/local/lib/libxml2.so.2.9.14",
                b"\xf4\xc7\xf6\xff::20914\0\0\0\0\0xmlGetGlobalState: out of me",
                "libxml2 2.9.14",
            ),
            miss(
                "usr/local/lib/libxml2.so.2",
                b"\n0914\x00209145\x0020914x\0",
            ),
        ],
    },
    Program {
        name: "libxslt",
        cpe: "xmlsoft:libxslt",
        met: true,
        files: &[Library("libxslt")],
        form: Native,
        rules: &[packed(b"101")],
        samples: &[
            hit(
                "usr/local/lib/libxslt.so.1.1.35",
                b"text/xsl\x0010135\0\0\0http://www.w3.org/1999/XSL/Transform",
                "libxslt 1.1.35",
            ),
            miss("usr/local/lib/libxslt.so.1", b"\x00101350\x0010135a\0"),
        ],
    },
    Program {
        name: "libyaml",
        cpe: "pyyaml:libyaml",
        met: true,
        files: &[Library("libyaml-0"), Library("libyaml")],
        form: Native,
        rules: &[before(b"\0api.c\0", THREE).beyond(&[b"\0"])],
        samples: &[
            hit(
                "usr/local/lib/libyaml-0.so.2.0.9",
                b"\0\x000.2.5\0api.c\0parser\0",
                "libyaml 0.2.5",
            ),
            miss("usr/local/lib/libyaml-0.so.2", b"\0YAML_0.2.5\0api.c\0"),
        ],
    },
    Program {
        name: "musl",
        cpe: "musl-libc:musl",
        met: true,
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
            alone(b"1.", THREE),
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
        name: "nghttp2",
        cpe: "nghttp2:nghttp2",
        met: true,
        files: &[Library("libnghttp2")],
        form: Native,
        rules: &[alone(b"\x001.", THREE), alone(b"1.", THREE)],
        samples: &[
            hit(
                "usr/local/lib/libnghttp2.so.14.24.1",
                b"\0\0\x001.52.0\0\0\0\0\0\0\x10\0",
                "nghttp2 1.52.0",
            ),
            miss("usr/local/lib/libnghttp2.so.14", b"\x001.52\0GLIBC_2.14\0"),
        ],
    },
    Program {
        name: "openblas",
        cpe: "openblas_project:openblas",
        met: true,
        files: &[
            Library("libopenblas"),
            Library("libopenblasp-r0"),
            Library("libscipy_openblas"),
            Library("libscipy_openblas64_"),
        ],
        form: Native,
        rules: &[after(b"OpenBLAS ", numbers(3, 5))],
        samples: &[
            hit(
                "app/numpy.libs/libscipy_openblas64_-32a4b2a6.so",
                b"xsyrk_thread_UT\0OpenBLAS 0.3.31.188.0  USE64BITINT DYNAMIC_ARCH",
                "openblas 0.3.31.188.0",
            ),
            miss("usr/lib/libopenblas.so.0", b"\0OpenBLAS : Program\0"),
        ],
    },
    Program {
        name: "openssl",
        cpe: "openssl:openssl",
        met: true,
        // Python's `cryptography` holds it inside of its own module.
        files: &[
            Named("openssl"),
            Library("libssl"),
            Library("libcrypto"),
            Named("_rust.abi3.so"),
        ],
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
        name: "pcre",
        cpe: "pcre:pcre",
        met: true,
        files: &[Library("libpcre")],
        form: Native,
        rules: &[alone(b"8.", numbers(2, 2)).beyond(&[b" 20"])],
        samples: &[
            hit(
                "app/x.libs/libpcre-9513aab5.so.1.2.0",
                b"\x14\x9d\xfe\xff8.32 2012-11-30\0",
                "pcre 8.32",
            ),
            miss(
                "usr/lib/libpcre.so.3",
                b"\x0010.42 2022-12-11\0\x008.39.1 2016-06-14\0",
            ),
        ],
    },
    Program {
        name: "pcre2",
        cpe: "pcre:pcre2",
        met: true,
        files: &[
            Library("libpcre2-8"),
            Library("libpcre2-16"),
            Library("libpcre2-32"),
        ],
        form: Native,
        rules: &[alone(b"10.", numbers(2, 2)).beyond(&[b" 20"])],
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
        name: "qtbase",
        cpe: "qt:qtbase",
        met: true,
        files: &[
            Library("libQt5Core"),
            Library("libQt6Core"),
            Library("libQtCore"),
        ],
        form: Native,
        rules: &[
            after(b"\0Qt ", THREE).beyond(&[b" ("]),
            after(b"QtCore library version ", THREE),
        ],
        samples: &[
            hit(
                "usr/lib/libQt5Core.so.5.15.8",
                b"\0\0Qt 5.15.8 (x86_64-little_endian-lp64 shared\0",
                "qtbase 5.15.8",
            ),
            miss("usr/lib/libQt5Core.so.5", b"\0Qt_5.15\0Qt 5.15\0"),
        ],
    },
    Program {
        name: "sqlcipher",
        cpe: "zetetic:sqlcipher",
        met: true,
        files: &[Named("sqlcipher"), Library("libsqlcipher")],
        form: Native,
        rules: &[
            before(b" community\0", THREE),
            before(b" enterprise\0", THREE),
            before(b" commercial\0", THREE),
            before(b"\0cipher_page_size\0", THREE).beyond(&[b"\0"]),
        ],
        samples: &[
            hit(
                "usr/bin/sqlcipher",
                b"\x004.5.6 community\0",
                "sqlcipher 4.5.6",
            ),
            hit(
                "usr/lib/libsqlcipher.so.0.8.6",
                b"fast_kdf_iter\x003.4.1\0cipher_page_size\0",
                "sqlcipher 3.4.1",
            ),
            miss("usr/bin/sqlcipher", b"\x004.5 community\0"),
        ],
    },
    Program {
        name: "sqlite",
        cpe: "sqlite:sqlite",
        met: true,
        files: &[Named("sqlite3"), Library("libsqlite3")],
        form: Native,
        rules: &[alone(b"\x003.", numbers(3, 4)), alone(b"3.", numbers(3, 4))],
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
        met: true,
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
        met: true,
        files: &[Named("xz"), Library("liblzma")],
        form: Native,
        rules: &[
            after(b"xz (XZ Utils) ", THREE),
            alone(b"\x005.", THREE),
            alone(b"5.", THREE),
        ],
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
        met: true,
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
        met: true,
        files: &[Named("zstd"), Library("libzstd")],
        form: Native,
        rules: &[
            before(b"\0Zstandard CLI", THREE),
            previous(b"\0*** %s (%i-bit) %s, by %s ***", 200, THREE),
            previous(b"\0Zstandard CLI", 1000, THREE),
            alone(b"\0v1.", THREE),
            alone(b"\x001.", THREE),
            alone(b"1.", THREE),
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
