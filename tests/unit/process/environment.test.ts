import { expect, test } from 'vitest'

import { allowedEnvironment } from '../../../src/process/environment.ts'

const DAEMON = {
  PATH: '/usr/bin',
  LC_ALL: 'C.UTF-8',
  CUDA_HOME: '/opt/cuda',
  CUDA_VISIBLE_DEVICES: '0',
  NVIDIA_VISIBLE_DEVICES: 'all',
  HF_HOME: '/models',
  HF_TOKEN: 'secret',
  PORT: '8080',
  LLAMA_ARG_MODEL: '/else',
  VLLM_PORT: 'tcp://10.0.0.1',
  PIP_INDEX_URL: 'https://mirror.invalid/simple',
  ENGINEHOUSE_API_KEY: 'secret',
  EMPTY: undefined,
}

test('an engine sees what it needs and nothing that it might take for an option', () => {
  expect(allowedEnvironment(DAEMON, 'engine')).toEqual({
    PATH: '/usr/bin',
    LC_ALL: 'C.UTF-8',
    CUDA_HOME: '/opt/cuda',
    HF_HOME: '/models',
  })
})

test('a package client also sees where its packages come from', () => {
  expect(Object.keys(allowedEnvironment(DAEMON, 'package_client'))).toEqual([
    'PATH',
    'LC_ALL',
    'CUDA_HOME',
    'HF_HOME',
    'PIP_INDEX_URL',
  ])
})
