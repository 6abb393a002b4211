# The function as a container image, for the architecture of the build machine or the one that --platform names:
#
#   docker build --provenance=false --tag firehose-logs-transform .
#
# Lambda accepts an image but not an index of images. With provenance, Docker would build an index.
#
# The build image has the Rust version of rust-toolchain.toml on Debian 12. Debian's glibc is 2.36, newer than the runtime's
# 2.34, but the function needs no symbol version above 2.34. The build fails if that changes. The runtime image is Amazon
# Linux 2023, which AWS patches.
ARG BUILD_IMAGE=docker.io/library/rust:1.95.0-bookworm
ARG RUNTIME_IMAGE=public.ecr.aws/lambda/provided:al2023

FROM ${BUILD_IMAGE} AS build
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
WORKDIR /build

# Builds the dependencies with an empty program. This layer is rebuilt only when one of these two files changes.
COPY Cargo.toml Cargo.lock ./
RUN mkdir src \
    && touch src/lib.rs \
    && echo 'fn main() {}' >src/main.rs \
    && cargo build --release --locked \
    # Cargo compares modification times. It would consider sources that are older than the empty program as built.
    && cargo clean --release --locked --package firehose-logs-transform

COPY src src
RUN cargo build --release --locked

# The loader will ask glibc for these symbol versions. Names without a number (GLIBC_ABI_...) are newer than 2.34 too.
ARG RUNTIME_GLIBC=2.34
RUN readelf --wide --version-info target/release/firehose-logs-transform >versions \
    && newest=$({ grep -o 'GLIBC_[[:alnum:]_.]*' versions; echo "GLIBC_$RUNTIME_GLIBC"; } | sort --version-sort | tail -n 1) \
    && if [ "$newest" != "GLIBC_$RUNTIME_GLIBC" ]; then \
         echo "The function needs $newest, but the runtime image has glibc $RUNTIME_GLIBC:" \
           'set BUILD_IMAGE to a Rust image on a system with an older glibc.' >&2; \
         exit 1; \
       fi

FROM ${RUNTIME_IMAGE}
COPY --from=build /build/target/release/firehose-logs-transform ${LAMBDA_RUNTIME_DIR}/bootstrap
# The base image's entry point requires the name of a handler. The function has only one and ignores the name.
CMD ["bootstrap"]
