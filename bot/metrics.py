"""What `/metrics` shows. Labels are our own words, never anything a person typed."""

from prometheus_client import Counter, Histogram

ITEMS = Counter("rai_inbox_items_total", "Things saved in the inbox", ["kind"])
EFFECTS = Histogram(
    "rai_effect_seconds",
    "Tries of effects outside (Slack, PagerDuty, Jira, rollback targets)",
    ["effect", "outcome"],
    buckets=(0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
REFUSED = Counter("rai_requests_refused_total", "Requests the guard did not let in", ["status"])
