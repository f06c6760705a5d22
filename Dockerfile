# The image holds Node 24, the compiled bot and its run-time packages: no compiler, no tests, no sandbox.
# scripts/replay-image.mjs replays these steps where there is no Docker engine, and refuses an instruction or a form of
# one that it does not know: keep both in step. Paths that start with / are paths in the image.
ARG NODE_IMAGE=node:24-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build

FROM ${NODE_IMAGE} AS packages
WORKDIR /packages
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts

FROM ${NODE_IMAGE}
LABEL org.opencontainers.image.title="redis-migrate" \
      org.opencontainers.image.description="A Slack bot that moves sharded Redis servers to new ones and proves that no acknowledged write is lost." \
      org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production \
    STATE_FILE=/data/redis-migrate.db
WORKDIR /app
COPY --from=packages /packages/node_modules ./node_modules
COPY --from=build /build/dist ./dist
COPY package.json LICENSE ./
# The state is all that is ever written: the rest may be mounted read-only.
RUN mkdir -p /data && chown 1000:1000 /data
VOLUME /data
# A number, so that Kubernetes can see that it isn't root. In the base image it is the user "node".
USER 1000:1000
# HTTP mode only. The admin server listens on 127.0.0.1:9464 unless ADMIN_HOST says otherwise.
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "const e = process.env, h = e.ADMIN_HOST || '127.0.0.1'; fetch('http://' + (h.includes(':') ? '[' + h + ']' : h) + ':' + (e.ADMIN_PORT || 9464) + '/livez').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "--enable-source-maps", "dist/main.js"]
