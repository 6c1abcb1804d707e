#!/bin/bash
# Makes images under the names that our Dockerfiles and compose.yaml expect, for proofs on a machine that can pull none
# (`make images-check`). They are of Debian's packages and of the wheels in our virtual environment, so what is proven is
# our own files, not the published bases: versions differ (RabbitMQ 4.0 of Debian 13, MongoDB 6.0, nginx 1.22).
# Usage: deploy/images/stand-ins.sh CACHE PYTHON_BASE GATEWAY_BASE RABBITMQ MONGODB OBJECTS   (DOCKER_HOST says where)
set -euo pipefail
cd "$(dirname "$0")/../.."
cache=$1 python_base=$2 gateway_base=$3 rabbitmq=$4 mongodb=$5 objects=$6
site_packages=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
without_docs=(--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*'
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/info/*')
mkdir -p "$cache"

exists() { docker image inspect "$1" >/dev/null 2>&1; }

# debian FILE SUITE PACKAGES [HOOK]: a tar of a minimal Debian with these packages, made once.
debian() {
    local file=$cache/$1 suite=$2 packages=$3 hook=${4:-true}
    [[ -s $file ]] && return
    echo "guichet: laying Debian $suite with $packages into an image"
    mmdebstrap --quiet --variant=minbase --include="$packages" "${without_docs[@]}" --customize-hook="$hook" \
        "$suite" "$file.new.tar" >"$cache/mmdebstrap.log" 2>&1 || { tail -n 20 "$cache/mmdebstrap.log" >&2; exit 1; }
    mv "$file.new.tar" "$file"
}

# The published image has Python under /usr/local and no perl but perl-base.
exists "$python_base" || {
    debian python.tar bookworm python3,python3-venv,ca-certificates '
        chroot "$1" dpkg --force-depends --purge perl perl-modules-5.36 libperl5.36 2>/dev/null || true
        ln -s /usr/bin/python3 "$1/usr/local/bin/python"; ln -s /usr/bin/python3 "$1/usr/local/bin/python3"
        rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/* "$1"/var/log/*'
    docker import --change 'CMD ["python3"]' "$cache/python.tar" "$python_base" >/dev/null
}

# libraries FILE… : what the dynamic linker loads for them.
libraries() { ldd "$@" | grep -oE '/[^ ]+' | grep -v ':$' | sort -u; }

# The published image is Alpine's busybox, nginx and envsubst, so this is Debian's.
exists "$gateway_base" || {
    root=$(mktemp -d)
    chmod 755 "$root"
    mkdir -p "$root"/{bin,etc/nginx,tmp,usr/sbin,usr/bin,var/log/nginx,var/lib/nginx,run,proc,sys,dev}
    chmod 1777 "$root/tmp"
    cp /bin/busybox "$root/bin/busybox"
    for applet in sh cat env mkdir sed wget printf rm cp ls sleep id; do ln -s busybox "$root/bin/$applet"; done
    cp "$(command -v nginx || echo /usr/sbin/nginx)" "$root/usr/sbin/nginx"
    cp "$(command -v envsubst)" "$root/usr/bin/envsubst"
    cp /etc/nginx/mime.types "$root/etc/nginx/"
    # nss_files and nss_dns are loaded when a name is looked up.
    for file in $(libraries /usr/sbin/nginx "$(command -v envsubst)") /lib/x86_64-linux-gnu/libnss_{files,dns}.so.2; do
        mkdir -p "$root$(dirname "$file")"
        cp -L "$file" "$root$file"
    done
    printf 'root:x:0:0:root:/:/bin/sh\nnginx:x:101:101:nginx:/nonexistent:/bin/false\n' >"$root/etc/passwd"
    printf 'root:x:0:\nnginx:x:101:\n' >"$root/etc/group"
    tar -C "$root" -c . | docker import --change 'CMD ["nginx", "-g", "daemon off;"]' - "$gateway_base" >/dev/null
    rm -rf "$root"
}

# Of the published image compose.yaml uses: the user rabbitmq (999), /etc/rabbitmq/conf.d, rabbitmq-diagnostics.
exists "$rabbitmq" || {
    debian rabbitmq.tar trixie rabbitmq-server,procps,passwd '
        chroot "$1" usermod --uid 999 rabbitmq; chroot "$1" groupmod --gid 999 rabbitmq || true
        chroot "$1" chown -R rabbitmq:rabbitmq /var/lib/rabbitmq /var/log/rabbitmq /etc/rabbitmq
        rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/* "$1"/etc/rabbitmq/rabbitmq-env.conf'
    docker import --change 'USER rabbitmq' --change 'ENV PATH=/usr/lib/rabbitmq/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/var/lib/rabbitmq LANG=C.UTF-8' \
        --change 'ENV RABBITMQ_LOGS=-' --change 'EXPOSE 5672 15692' --change 'CMD ["rabbitmq-server"]' \
        "$cache/rabbitmq.tar" "$rabbitmq" >/dev/null
}

exists "$mongodb" || {
    folder=$(mktemp -d)
    cp "$site_packages/fiftyone/db/bin/mongod" "$folder/mongod"
    for file in $(libraries "$folder/mongod"); do cp -L --parents "$file" "$folder"; done
    cat >"$folder/Dockerfile" <<DOCKERFILE
FROM $python_base
COPY mongod /usr/bin/mongod
COPY lib* /lib/
RUN groupadd --gid 999 mongodb && useradd --uid 999 --gid 999 mongodb && mkdir -p /data/db /data/configdb && \
    chown -R 999:999 /data
CMD ["mongod"]
DOCKERFILE
    DOCKER_BUILDKIT=1 docker build --quiet --tag "$mongodb" "$folder" >/dev/null
    rm -rf "$folder"
}

exists "$objects" || {
    folder=$(mktemp -d)
    cp -L "$(.venv/bin/python -c 'from guichet_local.servers.objectstore import executable; print(executable())')" "$folder/weed" 
    [[ $(head -c 2 "$folder/weed") != '#!' ]] || cp "$(find "$site_packages" -path '*seaweedfs*' -name weed -type f -size +1M | head -n 1)" "$folder/weed"
    printf 'FROM %s\nCOPY weed /usr/bin/weed\nRUN mkdir -p /data && chown 1000:1000 /data\nENTRYPOINT ["weed"]\n' "$python_base" >"$folder/Dockerfile"
    DOCKER_BUILDKIT=1 docker build --quiet --tag "$objects" "$folder" >/dev/null
    rm -rf "$folder"
}
docker image ls --format 'guichet: stand-in {{.Repository}}:{{.Tag}} {{.Size}}' | grep -E "$(printf '%s|' "$python_base" "$gateway_base" "$rabbitmq" "$mongodb")$objects" || true
