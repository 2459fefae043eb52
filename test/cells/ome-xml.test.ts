import { describe, expect, test } from "vitest";
import { readImagej } from "../../src/cells/readers/imagej.ts";
import { readOmeXml } from "../../src/cells/readers/ome-xml.ts";
import { tooLarge } from "../../src/cells/readers/xml-size.ts";

/** OME-XML of one image with these sizes, and what stands in its Pixels. */
const ome = (inside: string, sizes = 'SizeC="2" SizeZ="3" SizeT="1"', before = "") =>
  `<?xml version="1.0"?>${before}<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID="Image:0">` +
  `<Pixels DimensionOrder="XYZCT" ${sizes}>${inside}</Pixels></Image></OME>`;

test("planes stand where TiffData or the order of dimensions say", () => {
  expect(readOmeXml(ome(""), "a.tif").place(1, 2, 0)).toEqual({ file: null, page: 5, sample: 0 });
  const named = readOmeXml(ome('<TiffData FirstC="1" IFD="7" PlaneCount="3"/>'), "a.tif");
  expect(named.place(1, 2, 0)).toEqual({ file: null, page: 9, sample: 0 });
  expect(() => named.place(0, 0, 0)).toThrow("no page is named for channel 0, slice 0, time 0");
});

describe("OME-XML that is refused", () => {
  const many = (what: string, count: number) => what.repeat(count);
  const laughs = `<!DOCTYPE a [${Array.from({ length: 60 }, (_, i) => `<!ENTITY a${i + 1} "&a${i};&a${i};">`).join("")}]>`;
  test.each([
    ["entities that expand without end", ome('<Channel Name="&a60;"/>', undefined, laughs), "document type"],
    ["elements that lie deep in each other", ome(many("<a>", 200_000)), "more than 131072 tags"],
    ["millions of elements", ome(many("<Channel/>", 200_000)), "more than 131072 tags"],
    [
      "an attribute of any length",
      ome(`<Channel Name="${many("x", 100_000)}"/>`),
      "more than 65536 characters",
    ],
    ["any number of attributes", ome(`<Channel ${many("a ", 100_000)}/>`), "more than 65536 characters"],
    ["a tag that does not end", ome(`<Channel a='${many(">", 100_000)}`), "more than 65536 characters"],
    ["text without end", ome(many(" a", 1_500_000)), "characters outside of tags"],
    ["a comment without end", ome(`<!--${many("a", 3_000_000)}`), "characters outside of tags"],
    ["no pixels", "<OME><Image/></OME>", "not one element Pixels"],
    ["text for pixels", "<OME><Image><Pixels>a</Pixels></Image></OME>", "not one element Pixels"],
    ["two elements of pixels", ome('</Pixels><Pixels SizeC="1">'), "not one element Pixels"],
    ["any number of channels", ome("", 'SizeC="5000"'), "claims 5000 channels"],
    ["any number of planes", ome("", 'SizeZ="2000" SizeT="2000"'), "claims 4000000 planes"],
    ["a negative place", ome('<TiffData FirstC="-1"/>'), "FirstC of its TiffData is -1"],
    ["a place beyond", ome('<TiffData FirstZ="3"/>'), "FirstZ of its TiffData is 3"],
    ["a page that is no number", ome('<TiffData IFD="x"/>'), "IFD of its TiffData is NaN"],
    ["planes that are named again and again", ome(many("<TiffData/>", 3)), "names 6 planes again and again"],
  ])("%s", (_, xml, message) => {
    expect(() => readOmeXml(xml, "a.tif")).toThrow(message);
  });
});

test("brackets in quotes, comments and sections are no tags", () => {
  const inside = '<Channel Name="a > b"/><!-- <Channel> --><a><![CDATA[<b>]]></a><Channel Name="c"/>';
  expect(tooLarge(ome(inside))).toBe(null);
  expect(readOmeXml(ome(inside), "a.tif").channels).toEqual(["a > b", "c"]);
});

test("an ImageJ stack has the pages that its description counts", () => {
  const text = "ImageJ=1.53t\nimages=6\nchannels=2\nslices=3\n";
  expect(readImagej(text, 6, "a.tif")?.place(1, 2, 0)).toEqual({ file: null, page: 5, sample: 0 });
  expect(() => readImagej(text, 5, "a.tif")).toThrow("is an ImageJ stack of 6 images, but has 5 pages");
  expect(() => readImagej(`${text}frames=1${"0".repeat(15)}\n`, 6, "a.tif")).toThrow("but has 6 pages");
});
