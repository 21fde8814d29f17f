// Times as Slack writes them, in the reader's own zone.

const DAY = 86_400_000;
const format = (options) => new Intl.DateTimeFormat("en-US", options);
const MONTH_LONG = format({ month: "long" });
const MONTH_SHORT = format({ month: "short" });
const WEEKDAY = format({ weekday: "long" });
const TIME = format({ hour: "numeric", minute: "2-digit" });
const TIME_SECS = format({ hour: "numeric", minute: "2-digit", second: "2-digit" });

export const fromTs = (ts) => new Date(Number(ts) * 1000);
export const clock = (date) => TIME.format(date);

function ordinal(n) {
  const tens = n % 100;
  if (tens >= 11 && tens <= 13) return `${n}th`;
  return `${n}${{ 1: "st", 2: "nd", 3: "rd" }[n % 10] ?? "th"}`;
}

function relativeDay(date) {
  const midnight = (d) => new Date(d.getFullYear(), d.getMonth(), d.getDate()).getTime();
  const distance = Math.round((midnight(date) - midnight(new Date())) / DAY);
  return { "-1": "yesterday", 0: "today", 1: "tomorrow" }[distance] ?? null;
}

const pad = (n) => String(n).padStart(2, "0");
const isoDay = (d) => `${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())}`;
const long = (d) => `${MONTH_LONG.format(d)} ${ordinal(d.getDate())}, ${d.getFullYear()}`;
const short = (d) => `${MONTH_SHORT.format(d)} ${d.getDate()}, ${d.getFullYear()}`;

/** "3 minutes ago", "in 2 hours": the size of the distance in the largest fitting unit. */
export function ago(date) {
  const seconds = Math.round((date.getTime() - Date.now()) / 1000);
  const units = [["day", 86_400], ["hour", 3_600], ["minute", 60]];
  const [unit, size] = units.find(([, length]) => Math.abs(seconds) >= length) ?? ["second", 1];
  return new Intl.RelativeTimeFormat("en", { numeric: "auto" }).format(Math.round(seconds / size), unit);
}

const TOKENS = {
  date_num: isoDay,
  date_slash: (d) => `${pad(d.getMonth() + 1)}/${pad(d.getDate())}/${d.getFullYear()}`,
  date: long,
  date_short: short,
  date_long: (d) => `${WEEKDAY.format(d)}, ${long(d)}`,
  date_long_full: (d) => `${WEEKDAY.format(d)}, ${long(d)}`,
  date_full: (d) => `${WEEKDAY.format(d)}, ${long(d)}`,
  date_pretty: (d) => relativeDay(d) ?? long(d),
  date_short_pretty: (d) => relativeDay(d) ?? short(d),
  date_long_pretty: (d) => relativeDay(d) ?? `${WEEKDAY.format(d)}, ${long(d)}`,
  day_divider_pretty: (d) => relativeDay(d) ?? `${WEEKDAY.format(d)}, ${MONTH_LONG.format(d)} ${ordinal(d.getDate())}`,
  time: clock,
  time_secs: (d) => TIME_SECS.format(d),
  ago,
};

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** Fills Slack's date tokens ({date_short_pretty} {time} ...) for a time in epoch seconds. */
export function slackDate(seconds, template) {
  const date = new Date(Number(seconds) * 1000);
  const text = template.replace(/\{(\w+)\}/g, (whole, token) => TOKENS[token]?.(date) ?? whole);
  return template.startsWith("{") ? capital(text) : text;
}

export const dayTitle = (date) => capital(TOKENS.day_divider_pretty(date));
export const exact = (date) => `${TOKENS.date_long(date)} at ${TIME_SECS.format(date)}`;
export const dayKey = isoDay;

/** "2026-11-21T03:04" in the reader's zone, the form a datetime-local input takes. */
export const localInput = (seconds) => {
  const date = new Date(Number(seconds) * 1000);
  return `${isoDay(date)}T${pad(date.getHours())}:${pad(date.getMinutes())}`;
};
