# The function as a container image, for the architecture it is built on, or --platform names:
#
#   docker build --provenance=false --tag firehose-logs-transform .
#
# Lambda takes an image and no index of images, which provenance would make of it.
#
# The build image has the Rust of rust-toolchain.toml on Debian 12, whose glibc 2.36 is newer than the runtime's 2.34. What the
# function needs of it is not, and the build ends where that changes. The runtime image is Amazon Linux 2023, patched by AWS.
ARG BUILD_IMAGE=docker.io/library/rust:1.95.0-bookworm
ARG RUNTIME_IMAGE=public.ecr.aws/lambda/provided:al2023

FROM ${BUILD_IMAGE} AS build
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
WORKDIR /build

# The dependencies, with a program that does nothing in the function's place: a layer that only these two files make anew.
COPY Cargo.toml Cargo.lock ./
RUN mkdir src \
    && touch src/lib.rs \
    && echo 'fn main() {}' >src/main.rs \
    && cargo build --release --locked \
    # Cargo goes by times: sources that are older than that program would be taken for built.
    && cargo clean --release --locked --package firehose-logs-transform

COPY src src
RUN cargo build --release --locked

# The symbol versions that the loader will ask glibc for. Names without a number (GLIBC_ABI_...) are newer than 2.34 too.
ARG RUNTIME_GLIBC=2.34
RUN readelf --wide --version-info target/release/firehose-logs-transform >versions \
    && newest=$({ grep -o 'GLIBC_[[:alnum:]_.]*' versions; echo "GLIBC_$RUNTIME_GLIBC"; } | sort --version-sort | tail -n 1) \
    && if [ "$newest" != "GLIBC_$RUNTIME_GLIBC" ]; then \
         echo "The function needs $newest, and the runtime image has glibc $RUNTIME_GLIBC:" \
           'set BUILD_IMAGE to a Rust image on a system with an older glibc.' >&2; \
         exit 1; \
       fi

FROM ${RUNTIME_IMAGE}
COPY --from=build /build/target/release/firehose-logs-transform ${LAMBDA_RUNTIME_DIR}/bootstrap
# The base image's entry point asks for the name of a handler. The function has one only, and does not read it.
CMD ["bootstrap"]
