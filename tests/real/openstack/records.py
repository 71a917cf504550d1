"""The alarm file and the event file of the VIM, read as they grow."""

RULE = "=" * 84


class RecordFile:
    """Records of `label = value` lines between rules."""

    def __init__(self, path):
        self.path = path
        self.offset = 0

    def new(self):
        """The complete records since the last call, as dictionaries; a bare line is under `kind`."""
        try:
            with open(self.path, "rb") as file:
                file.seek(self.offset)
                data = file.read()
        except FileNotFoundError:
            return []
        records, inside, used, at = [], None, 0, 0
        for raw in data.splitlines(keepends=True):
            at += len(raw)
            line = raw.decode("utf-8", "replace").rstrip("\n")
            if line != RULE:
                if inside is not None:
                    label, sign, value = line.partition(" = ")
                    inside[label.strip() if sign else "kind"] = value.strip() if sign else line
            elif inside is None:
                inside = {}
            else:
                records.append(inside)
                inside, used = None, at
        self.offset += used
        return records
