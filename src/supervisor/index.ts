export { createSupervisor, type Supervisor, type SupervisorParts } from './supervisor.ts'
