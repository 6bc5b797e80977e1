#!/usr/bin/env bash
# Builds images of real software for tests, comparisons and benchmarks, from Debian's packages, PyPI and npm.
#   images/build.sh OUTDIR [NAME...]      default: every image
# OUTDIR/oci/NAME is an OCI layout with the tag "latest", OUTDIR/docker/NAME.tar the same as a docker-archive.
#
#   binaries         programs of Debian's packages, unpacked without a package database: nobody owns them
#   polyglot         packages of many languages, unpacked in the same way, and wheels and modules beside them
#   languages-2000   about 500 MB with 2,000 packages of languages on top of Debian: for the benchmark
#
# Needs Debian with its package sources reachable, and umoci, skopeo, python3-venv, npm, mmdebstrap.
# Nothing is installed on this machine: packages are downloaded and unpacked.
set -euo pipefail
OUT=${1:?usage: images/build.sh OUTDIR [NAME...]}
shift || true
for tool in apt-get dpkg-deb umoci skopeo python3 npm; do
  command -v "$tool" >/dev/null || { echo "images/build.sh: $tool is not installed" >&2; exit 1; }
done
mkdir -p "$OUT"/{oci,docker,parts}
OUT=$(cd "$OUT" && pwd)
export LC_ALL=C.UTF-8
SUITE=$(. /etc/os-release && echo "$VERSION_CODENAME")

# Unpacks Debian packages into a folder, without their database. One that the sources do not have is said and left out.
unpack() { # ROOT PACKAGE...
  local root=$1 cache=$OUT/parts/debs package
  shift
  mkdir -p "$cache" "$root"
  for package in "$@"; do
    local held
    held=$(find "$cache" -name "${package}_*.deb" | head -1)
    if [ -z "$held" ]; then
      # A version that is installed here from elsewhere hides Debian's, so that is asked for by suite.
      (cd "$cache" && for wanted in "$package/$SUITE-security" "$package/$SUITE" "$package"; do
        apt-get -q download "$wanted" >/dev/null 2>&1 && ls "${package}"_*.deb >/dev/null 2>&1 && break
      done) || { echo "$package: not among the package sources, left out" >&2; continue; }
      held=$(find "$cache" -name "${package}_*.deb" | head -1)
    fi
    dpkg-deb -x "$held" "$root"
  done
}

# Makes an image of folders, one layer each, on top of nothing or of a root file system's archive.
image() { # NAME BASE.tar|- FOLDER...
  local name=$1 base=$2 layout=$OUT/parts/layout-$1 folder
  shift 2
  rm -rf "$layout" "$OUT/oci/$name" "$OUT/docker/$name.tar"
  umoci init --layout "$layout"
  umoci new --image "$layout:latest"
  [ "$base" = - ] || umoci raw add-layer --image "$layout:latest" --history.created_by "ADD rootfs.tar /" "$base"
  for folder in "$@"; do
    tar -C "$folder" --sort=name --owner=0 --group=0 --numeric-owner -cf "$folder.tar" .
    umoci raw add-layer --image "$layout:latest" --history.created_by "COPY $(basename "$folder") /" "$folder.tar"
    rm -f "$folder.tar"
  done
  skopeo copy -q "oci:$layout:latest" "oci:$OUT/oci/$name:latest"
  skopeo copy -q "oci:$layout:latest" "docker-archive:$OUT/docker/$name.tar:plimsoll-test/$name:latest"
  rm -rf "$layout"
}

build_binaries() {
  local root=$OUT/parts/binaries
  rm -rf "$root"
  unpack "$root" apache2-bin bash busybox-static caddy consul containerd curl libcurl4 libcurl3-gnutls dash deno \
    docker.io elixir erlang-base etcd-server exim4-daemon-light ffmpeg libavcodec59 git gnupg gzip golang-1.19-go \
    haproxy imagemagick-6.q16 jq lighttpd lua5.4 mariadb-server-core mariadb-client-core memcached minio nginx \
    nginx-core nodejs openjdk-17-jre-headless openssh-server openssh-client libssl3 openssl perl-base perl php8.2-cli postfix \
    postgresql-15 postgresql-client-15 prometheus python3.11-minimal libpython3.11 libpython3.11-minimal \
    rabbitmq-server redis-server redis-tools ruby3.1 libruby3.1 runc rustc libstd-rust-1.63 \
    sqlite3 libsqlite3-0 squid systemd tomcat9-common libtomcat9-java varnish vim-tiny wget xz-utils zlib1g zstd chromium-common chromium
  rm -rf "$root/usr/share/doc" "$root/usr/share/man" "$root/usr/share/locale"
  image binaries - "$root"
}

build_polyglot() {
  local os=$OUT/parts/polyglot-os python=$OUT/parts/polyglot-python node=$OUT/parts/polyglot-node
  rm -rf "$os" "$python" "$node"
  unpack "$os" r-base-core r-cran-dplyr r-cran-ggplot2 r-cran-rcpp r-recommended r-cran-mass r-cran-lattice \
    php-symfony-console php-symfony-process php-twig php-monolog composer php-pear php-redis php-xdebug \
    erlang-base erlang-crypto erlang-ssl erlang-mnesia elixir erlang-cowboy erlang-jose rebar3 \
    luarocks lua-socket lua-cjson libghc-aeson-dev libghc-text-dev ghc \
    ruby-rails ruby-rack ruby-nokogiri ruby-sinatra ruby-puma bundler rake ruby3.1 ruby-rubygems \
    perl perl-modules-5.36 libwww-perl libjson-perl libmoose-perl cpanminus \
    maven libspring-core-java liblog4j2-java libcommons-lang3-java libguava-java libjackson2-databind-java libnetty-java gradle libtomcat9-java \
    mono-runtime libmono-corlib4.5-cil libnewtonsoft-json5.0-cil node-express node-lodash node-typescript npm \
    python3-django python3-requests python3-yaml wordpress wordpress-theme-twentytwentythree drupal7 julia rustc cargo
  rm -rf "$os/usr/share/doc" "$os/usr/share/man" "$os/usr/share/locale"
  mkdir -p "$python/opt" "$node/srv/app"
  python3 -m venv "$python/opt/venv"
  "$python/opt/venv/bin/pip" install -q --no-cache-dir pythonnet==3.0.3 clr-loader==0.2.6 'uvicorn[standard]==0.30.0' \
    cryptography==42.0.0 jaydebeapi==1.2.3 pyspark==3.5.1 ansible-core==2.16.0
  cat >"$node/srv/app/package.json" <<'JSON'
{"name":"polyglot","version":"2.0.0","private":true,"license":"Apache-2.0",
 "dependencies":{"edge-js":"25.0.1","puppeteer-core":"21.0.0","typescript":"5.4.5","@openapitools/openapi-generator-cli":"2.13.4"}}
JSON
  (cd "$node/srv/app" && npm install --ignore-scripts --no-audit --no-fund --loglevel=error)
  image polyglot - "$os" "$python" "$node"
}

build_languages-2000() {
  local base=$OUT/parts/languages-base.tar node=$OUT/parts/languages-node python=$OUT/parts/languages-python java=$OUT/parts/languages-java
  rm -rf "$node" "$python" "$java"
  [ -s "$base" ] || mmdebstrap -q --variant=minbase --mode=root --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' bookworm "$base"
  mkdir -p "$node/srv/site" "$python/opt" "$java/opt/java"
  cat >"$node/srv/site/package.json" <<'JSON'
{"name":"site","version":"1.0.0","private":true,"license":"MIT",
 "dependencies":{"react-scripts":"5.0.1","gatsby-cli":"5.13.3","@nestjs/cli":"10.3.2","firebase-admin":"12.1.0",
  "webpack":"5.91.0","eslint":"8.57.0","mocha":"10.4.0","typeorm":"0.3.20","express":"4.19.2","next":"14.2.3"}}
JSON
  (cd "$node/srv/site" && npm install --ignore-scripts --legacy-peer-deps --no-audit --no-fund --loglevel=error)
  python3 -m venv "$python/opt/venv"
  "$python/opt/venv/bin/pip" install -q --no-cache-dir django==4.2.13 flask==3.0.3 requests==2.32.2 numpy==1.26.4 \
    pandas==2.2.2 sqlalchemy==2.0.30 celery==5.4.0 boto3==1.34.110 cryptography==42.0.7 pillow==10.3.0 lxml==5.2.2 \
    aiohttp==3.9.5 scrapy==2.11.2 jupyter==1.0.0 black==24.4.2 pytest==8.2.1 sphinx==7.3.7
  unpack "$java" libspring-core-java libspring-web-java liblog4j2-java libguava-java libjackson2-databind-java \
    libnetty-java libtomcat9-java libhibernate3-java maven libjetty9-java libcommons-lang3-java libbcprov-java \
    docker.io containerd runc rclone
  rm -rf "$java/usr/share/doc"
  image languages-2000 "$base" "$java" "$python" "$node"
}

names=("$@")
[ ${#names[@]} -gt 0 ] || names=(binaries polyglot languages-2000)
for name in "${names[@]}"; do
  declare -F "build_$name" >/dev/null || { echo "images/build.sh: there is no image called $name" >&2; exit 2; }
  started=$SECONDS
  "build_$name"
  echo "$name: $((SECONDS - started)) s, $(du -sm "$OUT/oci/$name" | cut -f1) MB packed, $(du -sm "$OUT/docker/$name.tar" | cut -f1) MB"
done
