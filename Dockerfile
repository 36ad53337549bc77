# The daemon beside vLLM, with llama-server: engines are its child processes, in one container.
#
#   docker compose -f docker-compose.gpu.yml up --build
#
# How it is run is in docker-compose.gpu.yml, what to know before in docs/guide/operating.md, "In a container".

# Node as the tests run it; its Debian has an older glibc than the last stage, so the program works there too.
ARG NODE=node:24.18.0-bookworm-slim
# Ubuntu 24.04 and CUDA 12; its libraries come along, see below.
ARG LLAMA_CPP=ghcr.io/ggml-org/llama.cpp:server-cuda-b10156
# The version whose flags engines/vllm was checked against. Ubuntu 24.04 since 0.28: llama-server needs its glibc.
ARG VLLM=vllm/vllm-openai:v0.32.0

FROM ${NODE} AS daemon
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/build.mjs scripts/
COPY src src
COPY engines engines
RUN npm run build && npm prune --omit=dev

# llama-server with every library that it and its back ends load, but for those of glibc and of the driver. The base of
# the last stage has CUDA too, of another version.
FROM ${LLAMA_CPP} AS llama
RUN mkdir /app/needed \
 && LD_LIBRARY_PATH=/app ldd /app/llama-server /app/*.so* \
  | awk '$3 ~ "^/" && $3 !~ "^/app/" { print $3 }' | grep -Ev '/lib(c|m|dl|rt|pthread|cuda)\.so' | sort -u \
  | xargs cp --dereference --target-directory=/app/needed \
 && ls /app/needed/libcudart.so.* /app/needed/libcublas.so.*

FROM ${VLLM}
COPY --from=daemon /usr/local/bin/node /usr/local/bin/node
COPY --from=daemon /build/package.json /opt/enginehouse/package.json
COPY --from=daemon /build/node_modules /opt/enginehouse/node_modules
COPY --from=daemon /build/dist /opt/enginehouse/dist
COPY --from=llama /app /app

# The libraries are for llama-server alone: vLLM finds its own.
RUN printf '%s\n' '#!/bin/sh' \
      'export LD_LIBRARY_PATH="/app:/app/needed${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"' \
      'exec /app/llama-server "$@"' > /usr/local/bin/llama-server \
 && chmod 0755 /usr/local/bin/llama-server \
 && ln -s /opt/enginehouse/dist/src/main.js /usr/local/bin/enginehouse

# New volumes take owner and mode from here; the daemon refuses a state directory that others may enter.
RUN useradd --uid 10001 --user-group --create-home enginehouse \
 && install --directory --mode=0700 --owner=enginehouse --group=enginehouse \
      /var/lib/enginehouse /home/enginehouse/.cache

USER 10001
# HOME is where engines keep caches; a user that is only a number would have none.
ENV HOME=/home/enginehouse \
    ENGINEHOUSE_STATE_DIR=/var/lib/enginehouse
WORKDIR /var/lib/enginehouse

# A library that is missing, or too old a glibc, is found here and not by the first request.
RUN enginehouse version && llama-server --version && command -v vllm

EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/livez').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]

ENTRYPOINT ["enginehouse", "serve", "-c", "/etc/enginehouse/enginehouse.yaml"]
