import { command, llama, top } from './case.ts'
import type { Case } from './case.ts'

/** Who may ask, how long things may take, and how often they may fail. */
export const LIMITS: readonly Case[] = [
  ['hosts as text', top('server: { hosts: ▶models.lan }'), ['manifest_value', 'server.hosts must be a list of hosts']],
  ['no hosts', top('server: { hosts: ▶[] }'), ['manifest_value', 'not an empty list']],
  ['a pattern of hosts', top('server: { hosts: [▶"*.lan"] }'), ['manifest_value', 'patterns do not work']],
  ['every host', top('server: { hosts: [auto, ▶"*"] }'), ['manifest_value', 'server.hosts[1] must be auto or a host']],
  ['a host with a scheme', top('server: { hosts: [▶"http://models.lan"] }'), ['manifest_value', 'such as models.lan']],
  ['a host with a path', top('server: { hosts: [▶models.lan/v1] }'), ['manifest_value', 'such as models.lan']],
  [
    'a host with a port that is none',
    top('server: { hosts: [▶models.lan:99999] }'),
    ['manifest_value', 'models.lan:8080'],
  ],
  ['a v6 host without brackets', top('server: { hosts: [▶"::1"] }'), ['manifest_value', 'auto or a host']],
  ['origins as text', top('server: { cors: ▶local }'), ['manifest_value', 'server.cors must be a list of origins']],
  ['every origin', top('server: { cors: [▶"*"] }'), ['manifest_value', 'local or an origin such as https://chat']],
  ['an origin without a scheme', top('server: { cors: [▶chat.example] }'), ['manifest_value', 'an origin such as']],
  ['an origin with a path', top('server: { cors: [▶"https://chat.example/"] }'), ['manifest_value', 'an origin']],
  ['an origin of nobody', top('server: { cors: [▶"null"] }'), ['manifest_value', 'an origin such as']],
  ['an origin that is nothing', top('server: { cors: [▶null] }'), ['manifest_value', 'not nothing']],
  [
    'a queue without end',
    top('server: { queue_timeout: ▶never }'),
    ['manifest_value', 'a duration such as 90s or 5m, not'],
  ],
  [
    'a queue for no time',
    top('server: { queue_timeout: ▶0 }'),
    ['manifest_value', 'a duration from 1ms to 366d, not 0'],
  ],
  ['a queue for years', top('server: { queue_timeout: ▶1000d }'), ['manifest_value', 'from 1ms to 366d, not "1000d"']],
  [
    'a misspelt queue timeout',
    top('server: { ▶queue_timout: 1m }'),
    ['manifest_unknown_key', 'Did you mean "queue_timeout"?'],
  ],
  [
    'timeouts of a number',
    top('server: { timeouts: ▶30 }'),
    ['manifest_value', 'server.timeouts must be a mapping of keys'],
  ],
  [
    'a misspelt timeout',
    top('server: { timeouts: { ▶first_bite: 1m } }'),
    ['manifest_unknown_key', 'under server.timeouts. Did you mean "first_byte"?'],
  ],
  [
    'a timeout of a later mind',
    top('server: { timeouts: { total: ▶nevr } }'),
    ['manifest_value', 'Did you mean "never"?'],
  ],
  [
    'a timeout of nothing',
    top('server: { timeouts: { total: ▶0 } }'),
    ['manifest_value', 'a duration from 1ms to 366d, or never, not 0'],
  ],
  [
    'timeouts of a model',
    llama('timeouts: { between_bytes: ▶soon }'),
    ['manifest_value', 'models.m.timeouts.between_bytes'],
  ],
  [
    'a misspelt timeout of defaults',
    top('defaults: { timeouts: { ▶totl: 1m } }'),
    ['manifest_unknown_key', 'Did you mean "total"?'],
  ],
  [
    'a misspelt stall',
    llama('load: { ▶stal: 1m }'),
    ['manifest_unknown_key', 'under models.m.load. Did you mean "stall"?'],
  ],
  [
    'a load that never stalls',
    llama('load: { stall: ▶never }'),
    ['manifest_value', 'models.m.load.stall must be a duration'],
  ],
  [
    'a load without end',
    llama('load: { timeout: ▶never }'),
    ['manifest_value', 'a duration such as 90s or 5m, or auto'],
  ],
  ['a load of a text', llama('load: ▶10m'), ['manifest_value', 'models.m.load must be a mapping of keys']],
  ['no attempts', llama('start: { attempts: ▶0 }'), ['manifest_value', 'a whole number from 1 to 1000']],
  ['a misspelt window', llama('start: { ▶windw: 1m }'), ['manifest_unknown_key', 'Did you mean "window"?']],
  ['a window of nothing', llama('start: { window: ▶0s }'), ['manifest_value', 'a duration from 1ms']],
  [
    'a residency that never ends',
    llama('min_residency: ▶never'),
    ['manifest_value', 'a duration such as 90s or 5m, or auto'],
  ],
  [
    'a residency beside keep: always',
    llama('keep: always', 'min_residency: ▶1m'),
    ['manifest_conflict', 'models.m.min_residency would do nothing'],
  ],
  ['a ttl of years', llama('ttl: ▶400d'), ['manifest_value', 'a duration from 0ms to 366d, or never']],
  [
    'unlisted as a word',
    command('unlisted: ▶yes'),
    ['manifest_value', 'models.m.unlisted must be true or false, not "yes".'],
  ],
  [
    'resources as a list',
    top('memory: { resources: ▶[licences] }'),
    ['manifest_value', 'a mapping of names to whole numbers'],
  ],
  [
    'none of a resource',
    top('memory: { resources: { licences: ▶0 } }'),
    ['manifest_value', 'a whole number from 1 to 1000000'],
  ],
  [
    'half a resource',
    top('memory: { resources: { licences: ▶0.5 } }'),
    ['manifest_value', 'memory.resources.licences must be a whole number'],
  ],
  [
    'a resource with a space',
    top('memory: { resources: { ▶a b: 1 } }'),
    ['manifest_value', 'memory.resources must be a mapping of names'],
  ],
  [
    'a resource named as the host',
    top('memory: { resources: { ▶host: 1 } }'),
    ['manifest_conflict', 'the name of a device'],
  ],
  [
    'a resource named as a GPU',
    top('memory: { resources: { ▶GPU-0: 1 } }'),
    ['manifest_conflict', 'Choose another name.'],
  ],
  [
    'too many resources',
    top(`memory: { ▶resources: { ${Array.from({ length: 65 }, (_, index) => `r${index}: 1`).join(', ')} } }`),
    ['manifest_value', 'at most 64 names, not one of 65'],
  ],
  [
    'a resource that is not there',
    llama('resources: { ▶licence: 1 }').replace('models:', 'memory: { resources: { licences: 2 } }\nmodels:'),
    ['manifest_value', 'not "licence". Did you mean "licences"?'],
  ],
  [
    'a resource where there are none',
    llama('resources: { ▶licences: 1 }'),
    ['manifest_value', 'names that stand under memory.resources'],
  ],
  [
    'more of a resource than there is',
    llama('resources: { licences: ▶3 }').replace('models:', 'memory: { resources: { licences: 2 } }\nmodels:'),
    ['manifest_conflict', 'models.m.resources.licences is 3, and memory.resources.licences is 2.'],
  ],
  [
    'resources below zero',
    llama('resources: { licences: ▶-1 }').replace('models:', 'memory: { resources: { licences: 2 } }\nmodels:'),
    ['manifest_value', 'a whole number from 0'],
  ],
]
