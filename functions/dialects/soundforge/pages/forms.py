"""Forms: fields with labels, what was typed before, and beside each field what is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass

from functions.dialects.soundforge.pages.markup import NOTHING, Html, fill, joined

TOKEN = "_csrf_token"  # noqa: S105 - a field's name, as Phoenix has it
METHOD = "_method"
_FORM = '<form method="post" action="$action">$title$hidden$fields<button type="submit"$style>$button</button></form>'
_FIELD = (
    '<div class="field"><label for="$id">$label</label><input id="$id" name="$name" type="$kind" value="$value"'
    ' autocomplete="$autocomplete"$more>$hint$fault</div>'
)
_HIDDEN = '<input type="hidden" name="$name" value="$value">'


@dataclass(frozen=True, slots=True)
class Field:
    """One field. What is typed into a password's is never sent back."""

    name: str
    label: str
    kind: str = "text"
    autocomplete: str = "off"
    hint: str = ""
    required: bool = True

    def html(self, form: str, value: str, fault: str) -> Html:
        """The field of a form that goes by that name."""
        id_, more, described = f"{form}-{self.name}", "", []
        if self.hint:
            described.append(f"{id_}-hint")
        if fault:
            described.append(f"{id_}-fault")
            more += ' aria-invalid="true"'
        if described:
            more += f' aria-describedby="{" ".join(described)}"'
        return fill(
            _FIELD,
            id=id_,
            name=self.name,
            label=self.label,
            kind=self.kind,
            autocomplete=self.autocomplete,
            value="" if self.kind == "password" else value,
            more=Html(more + (" required" if self.required else "")),
            hint=_told("hint", id_, self.hint),
            fault=_told("fault", id_, fault),
        )


@dataclass(frozen=True, slots=True)
class Form:
    """A form that is posted to `action`; `method` is what it stands for there, where that is not POST."""

    name: str
    action: str
    button: str
    fields: tuple[Field, ...] = ()
    method: str = ""
    title: str = ""
    plain: bool = False

    def html(
        self,
        token: str,
        values: Mapping[str, str] | None = None,
        faults: Mapping[str, str] | None = None,
        **hidden: str,
    ) -> Html:
        """The form, with the session's token, what was typed, and field -> what is wrong with it."""
        given = {TOKEN: token, **({METHOD: self.method} if self.method else {}), **hidden}
        typed, wrong = values or {}, faults or {}
        return fill(
            _FORM,
            action=self.action,
            title=fill("<h2>$text</h2>", text=self.title) if self.title else NOTHING,
            hidden=joined(fill(_HIDDEN, name=name, value=value) for name, value in given.items() if value),
            fields=joined(f.html(self.name, typed.get(f.name, ""), wrong.get(f.name, "")) for f in self.fields),
            style=Html(' class="plain"') if self.plain else NOTHING,
            button=self.button,
        )

    def names(self, field: str | None) -> bool:
        """Whether it has a field of that name."""
        return any(each.name == field for each in self.fields)


def _told(kind: str, id_: str, text: str) -> Html:
    css = "hint" if kind == "hint" else "bad"
    return fill('<p class="$css" id="$id-$kind">$text</p>', css=css, id=id_, kind=kind, text=text) if text else NOTHING
