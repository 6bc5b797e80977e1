//! Web servers, proxies and what runs in them.

use super::program::{
    File::{Named, Path},
    Form::{Native, Text, Zip},
    Program, after, alone, before, hit, miss, next,
};
use super::version::{THREE, TWO_OR_THREE, numbers};

/// The web's programs, by name.
pub(super) static ALL: &[Program] = &[
    Program {
        name: "caddy",
        cpe: "caddyserver:caddy",
        files: &[Named("caddy")],
        form: Native,
        rules: &[
            after(b"mod\tgithub.com/caddyserver/caddy/v2\tv", THREE.any()),
            after(b"dep\tgithub.com/caddyserver/caddy/v2\tv", THREE.any()),
            after(b"caddy.CustomVersion=v", THREE.any()),
        ],
        samples: &[
            hit(
                "usr/bin/caddy",
                b"path\tcaddy\nmod\tcaddy\t(devel)\t\ndep\tgithub.com/caddyserver/caddy/v2\tv2.7.6\th1:w0NymbG2m9PcvKWsrXO6EEkY9Ru4FJK8uQbYcev1p3A=\n",
                "caddy 2.7.6",
            ),
            miss("usr/bin/caddy", b"dep\tgithub.com/caddyserver/certmagic\tv0.20.0\n"),
        ],
    },
    Program {
        name: "chrome",
        cpe: "google:chrome",
        files: &[Named("chrome"), Named("chromium"), Named("headless_shell"), Named("chrome-headless-shell")],
        form: Native,
        rules: &[
            before(b"\0Default", numbers(4, 4)).beyond(&[b"\0"]),
            after(b"HeadlessChrome/", numbers(4, 4)),
            after(b"Chrome/", numbers(4, 4)),
        ],
        samples: &[
            hit("opt/google/chrome/chrome", b"\x00127.0.6533.119\0Default\0", "chrome 127.0.6533.119"),
            miss("opt/google/chrome/chrome", b"\x00127.0.6533\0Default\0Chrome/%s\0"),
        ],
    },
    Program {
        name: "envoy",
        cpe: "envoyproxy:envoy",
        files: &[Named("envoy")],
        form: Native,
        rules: &[
            after(b"envoy/BUILD.VERSION=", THREE.any()),
            before(b"\0RELEASE\0", THREE.any()).beyond(&[b"\0"]),
            next(b"envoy_quic_", 1000, THREE.any()),
            alone(b"\x001.1", THREE),
            alone(b"\x001.2", THREE),
            alone(b"\x001.3", THREE),
        ],
        samples: &[
            hit("usr/local/bin/envoy", b"\x001.36.4\0envoy_reloadable_features\0", "envoy 1.36.4"),
            hit("usr/local/bin/envoy", b"envoy_quic_x\0\x001.28.7\0\0", "envoy 1.28.7"),
            miss("usr/local/bin/envoy", b"\x001.2.840.113549.1.1\x001.1\0"),
        ],
    },
    Program {
        name: "haproxy",
        cpe: "haproxy:haproxy",
        files: &[Named("haproxy")],
        form: Native,
        rules: &[
            after(b" version ", TWO_OR_THREE).beyond(&[b", released 20", b"-"]),
            after(b"HA-Proxy version ", TWO_OR_THREE),
            before(b"\0HAProxy version follows", TWO_OR_THREE),
        ],
        samples: &[
            hit(
                "usr/local/sbin/haproxy",
                b"\0\0 version 2.6.12-1+deb12u4, released 2026/10/17\0\x002026/10/17\0",
                "haproxy 2.6.12",
            ),
            hit("usr/local/sbin/haproxy", b"\0HA-Proxy version 1.5.18 2016/05/10\n\0", "haproxy 1.5.18"),
            hit("usr/local/sbin/haproxy", b" version 3.2-dev1-59813c, released 2024/12/11\0", "haproxy 3.2-dev1"),
            miss("usr/local/sbin/haproxy", b"\0 version 2.6, see\0"),
        ],
    },
    Program {
        name: "httpd",
        cpe: "apache:http_server",
        files: &[Named("httpd"), Named("apache2")],
        form: Native,
        rules: &[after(b"Apache/", THREE)],
        samples: &[
            hit("usr/local/apache2/bin/httpd", b"\">\0 Server at \0Apache/2.4.71 (Debian)\0", "httpd 2.4.71"),
            miss("usr/sbin/httpd", b"busybox httpd/1.35.0\0Apache/2.4\0"),
        ],
    },
    Program {
        name: "jenkins",
        cpe: "jenkins:jenkins",
        files: &[Named("jenkins.war")],
        form: Zip,
        rules: &[after(b"WEB-INF/lib/jenkins-core-", TWO_OR_THREE).beyond(&[b".jar"])],
        samples: &[
            hit("usr/share/jenkins/jenkins.war", b"\0WEB-INF/lib/jenkins-core-2.426.1.jar\0", "jenkins 2.426.1"),
            miss("usr/share/jenkins/jenkins.war", b"\0WEB-INF/lib/jenkins-core.jar\0"),
        ],
    },
    Program {
        name: "lighttpd",
        cpe: "lighttpd:lighttpd",
        files: &[Named("lighttpd")],
        form: Native,
        rules: &[after(b"lighttpd/", THREE)],
        samples: &[
            hit("usr/sbin/lighttpd", b"support\n\0lighttpd/1.4.69\0server\0", "lighttpd 1.4.69"),
            miss("usr/sbin/lighttpd", b"/usr/lib/lighttpd/mod_cgi.so\0"),
        ],
    },
    Program {
        name: "nginx",
        cpe: "f5:nginx",
        files: &[Named("nginx"), Named("openresty"), Named("angie"), Named("freenginx"), Named("tengine")],
        form: Native,
        rules: &[
            after(b"nginx version: openresty/", numbers(3, 4).any()).names("openresty", "openresty:openresty"),
            after(b"Angie version: Angie/", THREE.any()).names("angie", "wbsrv:angie"),
            after(b"freenginx version: freenginx/", THREE).names("freenginx", "freenginx:freenginx"),
            after(b"Tengine version: Tengine/", THREE).names("tengine", "alibaba:tengine"),
            after(b"nginx version: nginx/", THREE.any()),
            after(b"nginx version: ", THREE.any()),
        ],
        samples: &[
            hit("usr/sbin/nginx", b"\"%c\"\0nginx version: nginx/1.22.1\n\0OpenSSL 3.0.20 7 Apr 2026\0", "nginx 1.22.1"),
            hit("usr/local/openresty/nginx/sbin/nginx", b"\0nginx version: openresty/1.21.4.1\n\0", "openresty 1.21.4.1"),
            hit("usr/sbin/angie", b"\0Angie version: Angie/1.4.1\n\0", "angie 1.4.1"),
            miss("usr/sbin/nginx", b"\0nginx version: \0/build/nginx-1.22.1/x\0"),
        ],
    },
    Program {
        name: "squid",
        cpe: "squid-cache:squid",
        files: &[Named("squid")],
        form: Native,
        rules: &[after(b"\0squid/", TWO_OR_THREE)],
        samples: &[
            hit("usr/sbin/squid", b"/1.0) in '\0squid/5.7\0;\t \0HTTP/\0", "squid 5.7"),
            miss("usr/sbin/squid", b"/build/squid/5.7/src\0"),
        ],
    },
    Program {
        name: "tomcat",
        cpe: "apache:tomcat",
        files: &[Path("tomcat/RELEASE-NOTES"), Named("RELEASE-NOTES")],
        form: Text,
        rules: &[after(b"Apache Tomcat Version ", THREE.any())],
        samples: &[
            hit(
                "usr/local/tomcat/RELEASE-NOTES",
                b"\n                     Apache Tomcat Version 10.1.16\n                            Release Notes\n",
                "tomcat 10.1.16",
            ),
            miss("usr/share/doc/x/RELEASE-NOTES", b"Works with Apache Tomcat Version 9 and later\n"),
        ],
    },
    Program {
        name: "traefik",
        cpe: "traefik:traefik",
        files: &[Named("traefik")],
        form: Native,
        rules: &[
            after(b"traefik/v3/pkg/version.Version=v", THREE.any()),
            after(b"traefik/v3/pkg/version.Version=", THREE.any()),
            after(b"traefik/v2/pkg/version.Version=v", THREE.any()),
            after(b"traefik/v2/pkg/version.Version=", THREE.any()),
            next(b"\0go1.", 400, THREE.any()),
            alone(b"\0v1.", THREE),
            alone(b"\x002.", THREE),
            alone(b"\x003.", THREE),
        ],
        samples: &[
            hit("usr/local/bin/traefik", b"\0\0v1.7.34\0\0", "traefik 1.7.34"),
            hit("usr/local/bin/traefik", b"\0\x002.9.6\0\0", "traefik 2.9.6"),
            hit("usr/local/bin/traefik", b"\0\x003.0.0-rc1\0\0", "traefik 3.0.0-rc1"),
            miss("usr/local/bin/traefik", b"traefik/v3/pkg/version.Version\x003.0\0"),
        ],
    },
    Program {
        name: "varnish",
        cpe: "varnish_cache_project:varnish_cache",
        files: &[Named("varnishd")],
        form: Native,
        rules: &[after(b"varnish-", THREE).beyond(&[b" revision ", b"\0"]), after(b"\0Varnish ", THREE)],
        samples: &[
            hit("usr/sbin/varnishd", b"\0varnish-7.1.1 revision 7cee1c581bead20e88d101ab3d72afb29f14d87a\0", "varnish 7.1.1"),
            miss("usr/sbin/varnishd", b"/build/varnish-7.1.1/bin/varnishd\0"),
        ],
    },
    Program {
        name: "wordpress",
        cpe: "wordpress:wordpress",
        files: &[Path("wp-includes/version.php")],
        form: Text,
        rules: &[after(b"\n$wp_version = '", TWO_OR_THREE.any())],
        samples: &[
            hit("var/www/html/wp-includes/version.php", b" */\n$wp_version = '6.4.2';\n\n/**", "wordpress 6.4.2"),
            hit("var/www/html/wp-includes/version.php", b"\n$wp_version = '6.5-beta1';\n", "wordpress 6.5-beta1"),
            miss("var/www/html/wp-includes/version.php", b"\n * $wp_version = '6.4.2';\n$wp_db_version = 56657;\n"),
        ],
    },
];
