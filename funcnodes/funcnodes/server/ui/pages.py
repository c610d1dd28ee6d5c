"""The few pages the UI server writes itself: the exchange of a link's code, and the editor's stand-in.

Owns their text. The editor's own page comes from the bundle (`files`).
"""

from __future__ import annotations

from html import escape

HOW_TO_GET_A_LINK = (
    "Run `funcnodes link` (with the same --dir, if you gave one) in a terminal on the machine where "
    "FuncNodes runs, and open the link it prints."
)

_STYLE = """
:root { color-scheme: light dark; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; font: 16px/1.5 system-ui, sans-serif;
  background: Canvas; color: CanvasText; }
main { max-width: 34rem; padding: 2rem; }
h1 { font-size: 1.3rem; margin: 0 0 .6rem; }
p { margin: .4rem 0; }
code { padding: .1rem .4rem; border-radius: .3rem; background: color-mix(in srgb, CanvasText 10%, Canvas);
  font: .95em ui-monospace, monospace; }
"""

# The page that a link opens changes nothing by itself: the code is exchanged by a POST that a foreign page
# cannot make (exact Origin, JSON). The address is cleaned first: no code stays in the history or a bookmark.
# All is named relative to the page, since a proxy may show us below a path.
EXCHANGE_SCRIPT = """
const code = new URLSearchParams(location.search).get("code");
const say = (text) => { document.getElementById("say").textContent = text; };
history.replaceState(null, "", "session");
const enter = async () => {
  const answer = await fetch("session", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ code }),
  });
  if (answer.ok) return location.replace("./");
  const problem = await answer.json().catch(() => ({}));
  const known = await fetch("session").then((state) => state.json()).catch(() => ({}));
  if (known.session) return location.replace("./");
  say(problem.message ?? "This link could not be used.");
};
enter().catch(() => say("FuncNodes does not answer. Is it still running?"));
"""


def exchange_page() -> str:
    """Return the page that a link opens."""
    return _page("FuncNodes", '<p id="say">Opening FuncNodes…</p>', script="session.js")


def missing_bundle_page(command: str) -> str:
    """Return what stands in place of the editor when its bundle has not been made."""
    body = (
        "<h1>The browser editor is not built yet</h1>"
        f"<p>Run <code>{escape(command)}</code> and reload this page.</p>"
    )
    return _page("FuncNodes", body)


def _page(title: str, body: str, script: str | None = None) -> str:
    tag = f'<script src="{script}" type="module"></script>' if script else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        # Named, since a browser that is told nothing asks at the root of the host, which may not be ours.
        '<link rel="icon" href="favicon.ico">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style>{tag}</head><body><main>{body}</main></body></html>"
    )
