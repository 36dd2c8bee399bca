/** `1,234,567`. Without Intl, whose start costs more than a whole `sluice check`. */
export function formatCount(count: number | bigint): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

/** `64 B`, `1.5 KiB`. */
export function formatBytes(bytes: number | bigint): string {
  let value = Number(bytes);
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** `3 rules`, `1 rule`. */
export function plural(count: number, noun: string, many = `${noun}s`): string {
  return `${formatCount(count)} ${count === 1 ? noun : many}`;
}

/** `12%`; what is there but little is not `0%`. */
export function formatShare(part: number, whole: number): string {
  if (whole === 0) return '';
  const percent = (part / whole) * 100;
  return percent > 0 && percent < 1 ? '<1%' : `${Math.round(percent)}%`;
}

/** How long ago `time` was, in one unit: `now`, `12 s ago`, `3 min ago`. */
export function formatAgo(time: Date | null, now = new Date()): string {
  if (time === null) return 'never';
  const seconds = Math.floor((now.getTime() - time.getTime()) / 1000);
  return seconds < 1 ? 'now' : `${formatDuration(seconds)} ago`;
}

/** In the largest unit that it fills: `12 s`, `3 min`, `5 h`, `2 d`. */
export function formatDuration(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}
