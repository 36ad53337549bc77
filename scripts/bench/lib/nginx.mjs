// nginx as the nearest thing to no proxy at all: one process, no buffering, no log. It does not read bodies.
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from './engine.mjs'
import { reachable } from './reach.mjs'
import { startProgram } from './rig.mjs'

/** Starts one in front of `upstream` (a port) with a configuration of its own; null where it is not installed. */
export async function startNginx(rig, upstream) {
  if (spawnSync('nginx', ['-v']).status !== 0) return null
  const port = await freePort()
  const directory = join(rig.directory, 'nginx')
  mkdirSync(directory)
  const file = join(directory, 'nginx.conf')
  writeFileSync(file, configuration(directory, port, upstream))
  const argv = rig.asServer(['nginx', '-p', directory, '-e', join(directory, 'error.log'), '-c', file])
  const { pid } = await startProgram(rig, argv, { name: 'nginx' })
  await reachable(port)
  return { port, pid }
}

function configuration(directory, port, upstream) {
  const scratch = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return `
daemon off;
master_process off;
pid ${directory}/nginx.pid;
events { worker_connections 4096; }
http {
  access_log off;
  ${scratch.map((name) => `${name}_temp_path ${directory}/${name};`).join('\n  ')}
  keepalive_requests 100000000;
  upstream engine {
    server 127.0.0.1:${upstream};
    keepalive 512;
    keepalive_requests 100000000;
    keepalive_timeout 4s;
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://engine;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }
  }
}
`
}
