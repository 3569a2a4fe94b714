"""Android's binary XML: the manifest of every sample, with hooks for each thing that can be wrong."""

import struct

ANDROID = "http://schemas.android.com/apk/res/android"
NONE = 0xFFFFFFFF
IDS = {"label": 0x01010001, "name": 0x01010003, "exported": 0x01010010, "minSdkVersion": 0x0101020C,
       "versionCode": 0x0101021B, "versionName": 0x0101021C, "targetSdkVersion": 0x01010270}
STRING, REFERENCE, DECIMAL, BOOLEAN = 3, 1, 0x10, 0x12


def chunk(kind, header, body):
    """header: what follows the eight bytes that every chunk begins with."""
    return struct.pack("<HHI", kind, 8 + len(header), 8 + len(header) + len(body)) + header + body


def utf16(text, end=b"\0\0"):
    units = text.encode("utf-16-le")
    return struct.pack("<H", len(units) // 2) + units + end


def string_pool(strings, encode=utf16, count=None, flags=0):
    """encode(text) gives one string with its length and end; count: what the header claims."""
    data, offsets = b"", []
    for text in strings:
        offsets.append(len(data))
        data += encode(text)
    data += bytes(-len(data) % 4)
    start = 28 + 4 * len(offsets)
    header = struct.pack("<IIIII", len(strings) if count is None else count, 0, flags, start, 0)
    return chunk(1, header, struct.pack(f"<{len(offsets)}I", *offsets) + data)


class Element:
    """attributes: (name, type, value); a name in IDS belongs to Android's namespace."""

    def __init__(self, tag, attributes=(), children=()):
        self.tag, self.attributes, self.children = tag, list(attributes), list(children)


PERMISSIONS = ("android.permission.INTERNET", "android.permission.READ_SMS")


def manifest(package="com.example.tricks", min_sdk=24, target_sdk=33, label=(REFERENCE, 0x7F010000)):
    launcher = Element("intent-filter", [], [
        Element("action", [("name", STRING, "android.intent.action.MAIN")]),
        Element("category", [("name", STRING, "android.intent.category.LAUNCHER")])])
    return Element("manifest", [("versionCode", DECIMAL, 7), ("versionName", STRING, "1.7"),
                                ("package", STRING, package)], [
        Element("uses-sdk", [("minSdkVersion", DECIMAL, min_sdk), ("targetSdkVersion", DECIMAL, target_sdk)]),
        *[Element("uses-permission", [("name", STRING, p)]) for p in PERMISSIONS],
        Element("application", [("label", *label)], [
            Element("activity", [("name", STRING, package + ".Main"), ("exported", BOOLEAN, 0xFFFFFFFF)],
                    [launcher])])])


class Document:
    """The chunks of a document as (label, bytes), free to be changed before write()."""

    def __init__(self, root, encode=utf16, attribute_size=20, attribute_start=20, resource_map=True,
                 names=None, count_add=0):
        self.encode, self.size, self.start = encode, attribute_size, attribute_start
        self.strings = list(IDS)
        self.indexes = {text: i for i, text in enumerate(self.strings)}
        tree = [("namespace", self.node(0x100, self.pair("android", ANDROID)))]
        self.add(root, tree)
        tree.append(("end-namespace", self.node(0x101, self.pair("android", ANDROID))))
        shown = [(names or {}).get(text, text) for text in self.strings]
        self.chunks = [("pool", string_pool(shown, encode, len(shown) + count_add))]
        if resource_map:
            self.chunks.append(("map", chunk(0x180, b"", struct.pack(f"<{len(IDS)}I", *IDS.values()))))
        self.chunks += tree

    def index(self, text):
        if text not in self.indexes:
            self.indexes[text] = len(self.strings)
            self.strings.append(text)
        return self.indexes[text]

    def pair(self, first, second):
        return struct.pack("<II", self.index(first), self.index(second))

    @staticmethod
    def node(kind, body):
        return chunk(kind, struct.pack("<II", 1, NONE), body)

    def attribute(self, name, kind, value):
        raw = self.index(value) if kind == STRING else NONE
        ns = self.index(ANDROID) if name in IDS else NONE
        return struct.pack("<IIIHBBI", ns, self.index(name), raw, 8, 0, kind,
                           raw if kind == STRING else value) + b"\xEE" * (self.size - 20)

    def add(self, element, out):
        # As aapt does: attributes with ids first, by id.
        ordered = sorted(element.attributes, key=lambda a: IDS.get(a[0], NONE))
        attributes = b"".join(self.attribute(*a) for a in ordered)
        body = struct.pack("<IIHHHHHH", NONE, self.index(element.tag), self.start, self.size,
                           len(element.attributes), 0, 0, 0)
        out.append((element.tag, self.node(0x102, body + b"\xEE" * (self.start - 20) + attributes)))
        for child in element.children:
            self.add(child, out)
        out.append(("/" + element.tag, self.node(0x103, struct.pack("<II", NONE, self.index(element.tag)))))

    def at(self, label):
        return next(i for i, (name, _) in enumerate(self.chunks) if name == label)

    def before(self, label, data):
        self.chunks.insert(self.at(label), ("inserted", data))
        return self

    def replace(self, label, change):
        i = self.at(label)
        self.chunks[i] = (label, change(self.chunks[i][1]))
        return self

    def write(self, magic=3, size_add=0):
        body = b"".join(data for _, data in self.chunks)
        return struct.pack("<HHI", magic, 8, 8 + len(body) + size_add) + body
