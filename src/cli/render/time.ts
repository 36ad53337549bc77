const two = (value: number): string => String(value).padStart(2, '0')

/** Moments in the zone of the one who reads: `14:03:11`. */
export function timeText(at: number): string {
  const time = new Date(at)
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`
}

/** `2026-01-31` */
export function dayText(at: number): string {
  const time = new Date(at)
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`
}

/** `2026-01-31 14:03:11`, for what is kept or searched. */
export function dateText(at: number): string {
  return `${dayText(at)} ${timeText(at)}`
}

/** The time, with the day before it when that is not today's. */
export function clockText(at: number, now: number): string {
  return dayText(at) === dayText(now) ? timeText(at) : dateText(at)
}

/** The daemon's sentences name moments in UTC; beside a clock in another zone they would seem to be others. */
export function localTimes(text: string, now: number): string {
  return text.replace(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, (moment) => clockText(Date.parse(moment), now))
}
