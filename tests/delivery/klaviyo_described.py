"""Klaviyo's endpoints that are delivered to, by its own description of 2026-07-15: what may be asked of each."""

from __future__ import annotations

SCOPES = frozenset({"lists:read", "lists:write", "profiles:read", "profiles:write", "events:read", "events:write"})
KNOWN = {  # parameters, and which filters may be asked of which field, by endpoint
    "lists": ({"filter", "sort", "page[size]", "page[cursor]", "fields[list]"}, {"name": {"any", "equals"}}),
    "profiles": (
        {"filter", "sort", "page[size]", "page[cursor]", "fields[profile]"},
        {"id": {"any", "equals"}, "email": {"any", "equals"}, "phone_number": {"any", "equals"}},
    ),
    "members": (
        {"filter", "sort", "page[size]", "page[cursor]", "fields[profile]"},
        {
            "email": {"any", "equals"},
            "phone_number": {"any", "equals"},
            "joined_group_at": {"greater-or-equal", "greater-than", "less-or-equal", "less-than"},
        },
    ),
    "events": ({"filter", "sort", "page[size]", "page[cursor]"}, {}),
    "list": ({"fields[list]"}, {}),
}
SIZES = {"lists": (10, 10), "profiles": (20, 100), "members": (20, 100), "events": (200, 1000)}
SORTS = {
    "lists": {"created", "id", "name", "updated"},
    "profiles": {"created", "email", "id", "updated"},
    "members": {"joined_group_at"},
    "events": {"datetime", "timestamp"},
}
FIELDS = {
    "list": {"created", "id", "name", "opt_in_process", "updated"},
    "profile": {"created", "email", "external_id", "first_name", "id", "last_name", "phone_number", "updated"},
}
RIGHTS = {
    ("GET", "lists"): {"lists:read"},
    ("GET", "list"): {"lists:read"},
    ("POST", "lists"): {"lists:write"},
    ("GET", "members"): {"lists:read", "profiles:read"},
    ("POST", "relationships"): {"lists:write", "profiles:write"},
    ("DELETE", "relationships"): {"lists:write", "profiles:write"},
    ("GET", "profiles"): {"profiles:read"},
    ("POST", "profile-import"): {"profiles:write"},
    ("GET", "events"): {"events:read"},
    ("POST", "events"): {"events:write"},
}
PATHS = (
    (r"/api/lists/?", "lists"),
    (r"/api/lists/([^/]+)/?", "list"),
    (r"/api/lists/([^/]+)/profiles/?", "members"),
    (r"/api/lists/([^/]+)/relationships/profiles/?", "relationships"),
    (r"/api/profiles/?", "profiles"),
    (r"/api/profile-import/?", "profile-import"),
    (r"/api/events/?", "events"),
)
