//! What runs, builds and watches containers and clusters.

use super::program::{
    File::Named, Form::Native, Program, after, alone, before, hit, linked, miss, next,
};
use super::version::{THREE, numbers};

/// The cloud's programs, by name.
pub(super) static ALL: &[Program] = &[
    Program {
        name: "buildah",
        cpe: "buildah_project:buildah",
        files: &[Named("buildah")],
        form: Native,
        rules: &[after(b"mod\tgithub.com/containers/buildah\tv", THREE.any()), after(b"buildah/", THREE)],
        samples: &[
            hit("usr/bin/buildah", b"mod\tgithub.com/containers/buildah\tv1.33.2\th1:x=\n", "buildah 1.33.2"),
            miss("usr/bin/buildah", b"mod\tgithub.com/containers/buildah\t(devel)\t\n"),
        ],
    },
    Program {
        name: "consul",
        cpe: "hashicorp:consul",
        files: &[Named("consul")],
        form: Native,
        rules: &[
            after(b"CONSUL_VERSION: ", THREE.any()),
            after(b"version.GitDescribe=v", THREE.any()),
            after(b"GitDescribe=", THREE.any()),
            linked(),
            alone(b"\0v1.", THREE),
        ],
        samples: &[
            hit("bin/consul", b"-X github.com/hashicorp/consul/version.GitDescribe=1.12.9\"\n", "consul 1.12.9"),
            hit("bin/consul", b"\0\0v1.7.14\0\0\0", "consul 1.7.14"),
            miss("bin/consul", b"dep\tgithub.com/hashicorp/consul/api\tv1.26.1\n"),
        ],
    },
    Program {
        name: "containerd",
        cpe: "linuxfoundation:containerd",
        files: &[Named("containerd"), Named("ctr"), Named("containerd-shim-runc-v2")],
        form: Native,
        rules: &[
            after(b"containerd/containerd/version.Version=v", THREE.any()),
            after(b"containerd/containerd/version.Version=", THREE.any()),
            after(b"containerd/v2/version.Version=v", THREE.any()),
            after(b"containerd/v2/version.Version=", THREE.any()),
            linked(),
        ],
        samples: &[
            hit(
                "usr/bin/containerd",
                b"\0_\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0go1.19.8\0\0\0\0\0\0\0\x001.6.20~ds1\0\0\0\0\0\0\xf9\x84*\x02",
                "containerd 1.6.20",
            ),
            hit(
                "usr/bin/containerd",
                b"-ldflags=\"-X github.com/containerd/containerd/version.Version=v1.7.11 -X github.com",
                "containerd 1.7.11",
            ),
            miss("usr/bin/containerd", b"\0go1.19.8\0\0\0unknown\0dep\tgithub.com/containerd/containerd\tv1.6.20\n"),
        ],
    },
    Program {
        name: "crun",
        cpe: "crun_project:crun",
        files: &[Named("crun")],
        form: Native,
        rules: &[before(b"\0%s version %s\n\0commit: %s", numbers(1, 4)), before(b"\0%s version %s\n", numbers(1, 4))],
        samples: &[
            hit("usr/bin/crun", b"specify a command\x001.8.1\0%s version %s\n\0commit: %s\n\0", "crun 1.8.1"),
            miss("usr/bin/crun", b"\0v1.8.1\0%s version %d\n\0"),
        ],
    },
    Program {
        name: "docker",
        cpe: "docker:docker",
        files: &[Named("dockerd"), Named("docker"), Named("docker-proxy")],
        form: Native,
        rules: &[
            after(b"docker/dockerversion.Version=", THREE.any()),
            after(b"docker/cli/cli/version.Version=", THREE.any()),
            linked(),
        ],
        samples: &[
            hit(
                "usr/bin/dockerd",
                b"\\t-w \\t-X \\\"github.com/docker/docker/dockerversion.Version=20.10.24+dfsg1\\\" \\t-X",
                "docker 20.10.24",
            ),
            hit("usr/bin/docker", b"\0go1.19.8\0\0\0\0\0\0\0\x0020.10.24+dfsg1\0\0\x0f\x0e", "docker 20.10.24"),
            miss("usr/bin/docker", b"\0go1.19.8\0\0\0\0unknown-version\0dep\tgithub.com/docker/docker\tv20.10.24\n"),
        ],
    },
    Program {
        name: "fluent-bit",
        cpe: "treasuredata:fluent_bit",
        files: &[Named("fluent-bit")],
        form: Native,
        rules: &[
            before(b"\0%sFluent Bit", THREE).beyond(&[b"\0"]),
            before(b"\0Fluent Bit", THREE).beyond(&[b"\0"]),
            before(b"\0\x1b[1m\0%sFluent Bit", THREE).beyond(&[b"\0"]),
        ],
        samples: &[
            hit("fluent-bit/bin/fluent-bit", b"\x003.0.2\0%sFluent Bit v%s\0", "fluent-bit 3.0.2"),
            hit("fluent-bit/bin/fluent-bit", b"\x002.2.1\0\0\0Fluent Bit\0", "fluent-bit 2.2.1"),
            hit("fluent-bit/bin/fluent-bit", b"\x001.7.0\0\x1b[1m\0%sFluent Bit\0", "fluent-bit 1.7.0"),
            miss("fluent-bit/bin/fluent-bit", b"\0v3.0\0%sFluent Bit v%s\0"),
        ],
    },
    Program {
        name: "grafana",
        cpe: "grafana:grafana",
        files: &[Named("grafana"), Named("grafana-server"), Named("grafana-cli")],
        form: Native,
        rules: &[
            after(b"-X main.version=", THREE.any()),
            after(b"\0release-", THREE.any()).beyond(&[b"\0"]),
            linked(),
            next(b"HEAD\0", 64, THREE.any()),
            before(b"\0v9.5.x\0", THREE.any()),
            alone(b"\x0010.", THREE.any()),
        ],
        samples: &[
            hit("usr/share/grafana/bin/grafana", b"\0\0\0release-12.3.1\0\0\0", "grafana 12.3.1"),
            hit("usr/share/grafana/bin/grafana", b"\0go1.21.8\0\0\0\0\0\0\0\x0011.0.0-preview\0\0", "grafana 11.0.0-preview"),
            hit("usr/share/grafana/bin/grafana-server", b"HEAD\0\0\0\x009.2.20\0\0\0", "grafana 9.2.20"),
            miss("usr/share/grafana/bin/grafana", b"\0grafana-plugin-sdk-go 0.200.0\0"),
        ],
    },
    Program {
        name: "helm",
        cpe: "helm:helm",
        files: &[Named("helm")],
        form: Native,
        rules: &[
            after(b"helm/v3/internal/version.version=v", THREE.any()),
            after(b"mod\thelm.sh/helm/v3\tv", THREE.any()),
            linked(),
            alone(b"\0v3.", THREE),
            alone(b"\0v2.", THREE),
            alone(b"\0v4.", THREE),
        ],
        samples: &[
            hit("usr/local/bin/helm", b"\0\0v3.10.3\0\0", "helm 3.10.3"),
            hit("usr/local/bin/helm", b"mod\thelm.sh/helm/v3\tv3.17.0\th1:x=\n", "helm 3.17.0"),
            miss("usr/local/bin/helm", b"dep\thelm.sh/helm/v3\tv3.10.3\n\0v3.10\0"),
        ],
    },
    Program {
        name: "istio",
        cpe: "istio:istio",
        files: &[Named("pilot-agent"), Named("pilot-discovery"), Named("istioctl")],
        form: Native,
        rules: &[
            after(b"istio.io/istio/pkg/version.buildVersion=", THREE.any()),
            after(b"Clean\0", THREE.any()),
            linked(),
            alone(b"\x001.", THREE),
        ],
        samples: &[
            hit("usr/local/bin/pilot-discovery", b"Clean\0\0\x001.8.0\0", "istio 1.8.0"),
            hit("usr/local/bin/pilot-agent", b"\x001.26.8\0\x001.26.8\0", "istio 1.26.8"),
            miss("usr/local/bin/pilot-agent", b"\x001.26\0dep\tistio.io/api\tv1.20.0\n"),
        ],
    },
    Program {
        name: "kubernetes",
        cpe: "kubernetes:kubernetes",
        files: &[
            Named("kubectl"),
            Named("kubelet"),
            Named("kubeadm"),
            Named("kube-apiserver"),
            Named("kube-controller-manager"),
            Named("kube-proxy"),
            Named("kube-scheduler"),
        ],
        form: Native,
        rules: &[
            after(b"k8s.io/component-base/version.gitVersion=v", THREE.any()),
            after(b"k8s.io/client-go/pkg/version.gitVersion=v", THREE.any()),
            linked(),
            alone(b"\0v1.", THREE.any()),
        ],
        samples: &[
            hit("usr/local/bin/kubectl", b"\0go1.20.8\0\0\0\0\0\0v1.28.2\0\0", "kubernetes 1.28.2"),
            hit("usr/local/bin/kubelet", b"-X k8s.io/component-base/version.gitVersion=v1.28.2+k3s1 -X", "kubernetes 1.28.2+k3s1"),
            miss("usr/local/bin/kubectl", b"dep\tk8s.io/client-go\tv0.28.2\n\0v1.28\0"),
        ],
    },
    Program {
        name: "minio",
        cpe: "minio:minio",
        files: &[Named("minio"), Named("mc")],
        form: Native,
        rules: &[
            after(b"cmd.ReleaseTag=RELEASE.", numbers(1, 1).any()),
            after(b"\0RELEASE.", numbers(1, 1).any()).beyond(&[b"\0"]),
        ],
        samples: &[
            hit(
                "usr/bin/minio",
                b"-X github.com/minio/minio/cmd.ReleaseTag=RELEASE.2023-11-20T22-40-07Z -X github.com",
                "minio 2023-11-20T22-40-07Z",
            ),
            miss("usr/bin/minio", b"cmd.ReleaseTag=DEVELOPMENT.2023-11-20T22-40-07Z"),
        ],
    },
    Program {
        name: "podman",
        cpe: "podman_project:podman",
        files: &[Named("podman")],
        form: Native,
        rules: &[
            after(b"mod\tgithub.com/containers/podman/v5\tv", THREE.any()),
            after(b"mod\tgithub.com/containers/podman/v4\tv", THREE.any()),
        ],
        samples: &[
            hit("usr/bin/podman", b"mod\tgithub.com/containers/podman/v5\tv5.3.1\t\n", "podman 5.3.1"),
            miss("usr/bin/podman", b"mod\tgithub.com/containers/podman/v4\t(devel)\t\n"),
        ],
    },
    Program {
        name: "prometheus",
        cpe: "prometheus:prometheus",
        files: &[Named("prometheus"), Named("promtool")],
        form: Native,
        rules: &[
            after(b"prometheus/common/version.Version=", THREE.any()),
            linked(),
        ],
        samples: &[
            hit(
                "bin/prometheus",
                b"go1.19.8\0\0\0\0\0\0\0\0go1.19.8\0\0\0\0\0\0\0\x002.42.0+ds\0\0\0\0\0\0\0debian/sid\0",
                "prometheus 2.42.0",
            ),
            miss("bin/prometheus", b"dep\tgithub.com/prometheus/common\tv0.39.0\n"),
        ],
    },
    Program {
        name: "runc",
        cpe: "linuxfoundation:runc",
        files: &[Named("runc")],
        form: Native,
        rules: &[after(b"-X main.version=", THREE.any()), linked()],
        samples: &[
            hit("usr/bin/runc", b"\0go1.19.8\0\0\0\0\0\0\0\x001.1.5+ds1\0\0\0\0\0\0\0\x8b\x19\x8f", "runc 1.1.5"),
            hit("usr/bin/runc", b"-ldflags=\"-X main.gitCommit=x -X main.version=1.2.0-rc.3\"", "runc 1.2.0-rc.3"),
            miss("usr/bin/runc", b"\0go1.19.8\0\0\0mod\tgithub.com/opencontainers/runc\t(devel)\n"),
        ],
    },
    Program {
        name: "skopeo",
        cpe: "skopeo_project:skopeo",
        files: &[Named("skopeo")],
        form: Native,
        rules: &[
            after(b"mod\tgithub.com/containers/skopeo\tv", THREE.any()),
            after(b"skopeo/", THREE),
        ],
        samples: &[
            hit("usr/bin/skopeo", b"mod\tgithub.com/containers/skopeo\tv1.14.0\t\n", "skopeo 1.14.0"),
            miss("usr/bin/skopeo", b"mod\tgithub.com/containers/skopeo\t(devel)\t\n"),
        ],
    },
    Program {
        name: "terraform",
        cpe: "hashicorp:terraform",
        files: &[Named("terraform")],
        form: Native,
        rules: &[
            after(b"mod\tgithub.com/hashicorp/terraform\tv", THREE.any()),
            after(b"hashicorp/terraform/version.Version=", THREE.any()),
            linked(),
        ],
        samples: &[
            hit("bin/terraform", b"mod\tgithub.com/hashicorp/terraform\tv1.9.8\t\n", "terraform 1.9.8"),
            miss("bin/terraform", b"dep\tgithub.com/hashicorp/terraform-svchost\tv0.1.1\n"),
        ],
    },
    Program {
        name: "tini",
        cpe: "tini_project:tini",
        files: &[Named("tini"), Named("tini-static")],
        form: Native,
        rules: &[after(b"tini version ", THREE)],
        samples: &[
            hit("sbin/tini", b"[INFO  tini (%i)] \0tini version 0.19.0\0%s (%s)\n\0", "tini 0.19.0"),
            miss("sbin/tini", b"\0tini version %s\0"),
        ],
    },
    Program {
        name: "vault",
        cpe: "hashicorp:vault",
        files: &[Named("vault")],
        form: Native,
        rules: &[
            after(b"hashicorp/vault/version.fullVersion=", THREE.any()),
            after(b"hashicorp/vault/sdk/version.Version=", THREE.any()),
            after(b"mod\tgithub.com/hashicorp/vault\tv", THREE.any()),
            linked(),
            alone(b"\x001.", THREE),
        ],
        samples: &[
            hit("bin/vault", b"\0\0\x001.11.6\0\0\0", "vault 1.11.6"),
            hit("bin/vault", b"mod\tgithub.com/hashicorp/vault\tv1.18.0\t\n", "vault 1.18.0"),
            miss("bin/vault", b"dep\tgithub.com/hashicorp/vault/api\tv1.10.0\n\x001.11\0"),
        ],
    },
];
