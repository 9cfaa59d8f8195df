# Sourced, not run: brings the tools of other makers that tests and scripts use, and puts them on PATH.
#
#     . scripts/tools.sh; tools_protoc; tools_buf; tools_grpcio
#
# What is missing is installed: Debian's packages by apt-get, the rest by name from PyPI and npm under target/tools.

# One version each, so that a run today and one next month test the same.
GRPCIO_VERSION=1.85.1
REQUESTS_VERSION=2.34.2
BUF_VERSION=1.75.0
GOOGLE_PROTO_FILES_VERSION=6.0.1
EVENTSOURCE_PARSER_VERSION=4.1.3
# The last one for node 20.
CONNECT_ES_VERSION=2.1.2
PROTOBUF_ES_VERSION=2.17.0
GRPC_WEB_VERSION=2.1.1
XHR2_VERSION=0.2.1

TOOLS_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
TOOLS=$TOOLS_ROOT/target/tools
mkdir -p "$TOOLS"

# tools_debian PROGRAM PACKAGE
tools_debian() {
    command -v "$1" >/dev/null && return
    export DEBIAN_FRONTEND=noninteractive
    apt-get install -qq -y --no-install-recommends "$2" >"$TOOLS/apt.log" 2>&1 ||
        { apt-get update -qq && apt-get install -qq -y --no-install-recommends "$2"; } >"$TOOLS/apt.log" 2>&1 ||
        { cat "$TOOLS/apt.log" >&2; return 1; }
}

# Debian's protoc (3.21 in bookworm).
tools_protoc() { tools_debian protoc protobuf-compiler; }

# Debian's consul (1.8.7): bookworm has none, so that it comes from bullseye, at the mirror this machine uses already.
tools_consul() {
    command -v consul >/dev/null && return
    local folder=$TOOLS/consul
    if ! [ -e "$folder/complete" ]; then
        rm -rf "$folder" && mkdir -p "$folder/lists/partial" "$folder/archives/partial"
        tools_bullseye >"$folder/bullseye.list"
        local apt=(apt-get -qq -o "Dir::Etc::SourceList=$folder/bullseye.list" -o Dir::Etc::SourceParts=-
            -o "Dir::State::Lists=$folder/lists" -o "Dir::Cache::archives=$folder/archives" -o APT::Sandbox::User=root)
        { "${apt[@]}" update && (cd "$folder" && "${apt[@]}" download consul); } >"$TOOLS/apt.log" 2>&1 ||
            { cat "$TOOLS/apt.log" >&2; return 1; }
        dpkg-deb -x "$folder"/consul_*.deb "$folder"
        rm -rf "$folder"/lists "$folder"/archives "$folder"/*.deb
        touch "$folder/complete"
    fi
    PATH=$folder/usr/bin:$PATH
}

# Prints a source list of bullseye: the line by which apt reaches this release, with the other name in it.
tools_bullseye() {
    local file
    for file in /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list; do
        [ -e "$file" ] || continue
        awk '/^URIs:/ { uri = $2 } /^Signed-By:/ { key = $2 } /^$/ { exit }
            /^deb / { for (i = 2; i <= NF; i++) if ($i ~ /:\/\//) uri = $i; exit }
            END { if (uri) print "deb" (key ? " [signed-by=" key "]" : ""), uri, "bullseye main" }' "$file"
        return
    done
}

# Any curl that speaks HTTP/2.
tools_curl() { tools_debian curl curl; }

# A Python with grpcio, its reflection client and a current protoc (grpc_tools.protoc) as `python3`.
tools_grpcio() {
    local venv=$TOOLS/venv-$GRPCIO_VERSION-reflection
    if ! [ -e "$venv/complete" ]; then
        rm -rf "$venv"
        python3 -m venv "$venv"
        "$venv/bin/pip" install -q --disable-pip-version-check --only-binary :all: \
            "grpcio==$GRPCIO_VERSION" "grpcio-tools==$GRPCIO_VERSION" "grpcio-reflection==$GRPCIO_VERSION" googleapis-common-protos
        touch "$venv/complete"
    fi
    PATH=$venv/bin:$PATH
}

# requests, in the Python that is on PATH: after tools_grpcio, that one's.
tools_requests() {
    python3 -c 'import requests' 2>/dev/null ||
        python3 -m pip install -q --disable-pip-version-check --only-binary :all: "requests==$REQUESTS_VERSION"
}

# buf, as npm packages it: the binary is in the package, no install script runs.
tools_buf() {
    local folder=$TOOLS/buf-$BUF_VERSION
    if ! [ -e "$folder/complete" ]; then
        rm -rf "$folder" && mkdir -p "$folder"
        npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$folder" "@bufbuild/buf@$BUF_VERSION"
        touch "$folder/complete"
    fi
    PATH=$folder/node_modules/.bin:$PATH
}

# tools_npm NAME PACKAGE@VERSION...: packages for node's `require`; no install script runs.
tools_npm() {
    local folder=$TOOLS/$1
    shift
    if ! [ -e "$folder/complete" ]; then
        rm -rf "$folder" && mkdir -p "$folder"
        npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$folder" "$@"
        touch "$folder/complete"
    fi
    export NODE_PATH=$folder/node_modules${NODE_PATH:+:$NODE_PATH}
}

# connect-es: its clients for node and for browsers.
tools_connect_es() {
    tools_npm "connect-es-$CONNECT_ES_VERSION" "@bufbuild/protobuf@$PROTOBUF_ES_VERSION" \
        "@connectrpc/connect@$CONNECT_ES_VERSION" "@connectrpc/connect-node@$CONNECT_ES_VERSION" \
        "@connectrpc/connect-web@$CONNECT_ES_VERSION"
}

# grpc-web, and an XMLHttpRequest for it under node.
tools_grpc_web() {
    tools_npm "grpc-web-$GRPC_WEB_VERSION" "@bufbuild/protobuf@$PROTOBUF_ES_VERSION" \
        "grpc-web@$GRPC_WEB_VERSION" "xhr2@$XHR2_VERSION"
}

# The public google APIs as npm's google-proto-files carries them; sets GOOGLE_PROTOS to the include folder.
tools_google_protos() {
    GOOGLE_PROTOS=$TOOLS/google-proto-files-$GOOGLE_PROTO_FILES_VERSION/package
    [ -e "$GOOGLE_PROTOS/../complete" ] && return
    local folder
    folder=$(dirname "$GOOGLE_PROTOS")
    rm -rf "$folder" && mkdir -p "$folder"
    (cd "$folder" && npm pack --silent "google-proto-files@$GOOGLE_PROTO_FILES_VERSION" >/dev/null && tar xzf ./*.tgz && rm ./*.tgz)
    touch "$folder/complete"
}

# npm's parser of server-sent events, for Node's require(); needs node.
tools_eventsource() {
    local folder=$TOOLS/eventsource-parser-$EVENTSOURCE_PARSER_VERSION
    if ! [ -e "$folder/complete" ]; then
        rm -rf "$folder" && mkdir -p "$folder"
        npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$folder" "eventsource-parser@$EVENTSOURCE_PARSER_VERSION"
        touch "$folder/complete"
    fi
    export NODE_PATH=$folder/node_modules${NODE_PATH:+:$NODE_PATH}
}
