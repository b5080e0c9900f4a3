"""HTML pages from the templates that lie beside a package's modules."""

from __future__ import annotations

from typing import Any


def html_page(package: str, template: str, **values: Any) -> str:
    """Return the page of a template; text among the values is escaped."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(package, ""),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template(template).render(values)
