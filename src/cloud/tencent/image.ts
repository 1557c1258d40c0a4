interface Image {
  readonly ImageId: string;
  readonly ImageName: string;
  readonly Architecture?: string;
}

/** One page of `DescribeImages`. */
export interface ImagePage {
  readonly TotalCount?: number;
  readonly ImageSet: readonly Image[];
}

const filters = [
  { Name: 'image-type', Values: ['PUBLIC_IMAGE'] },
  { Name: 'platform', Values: ['Ubuntu'] },
];

const isWanted = ({ ImageName, Architecture }: Image): boolean =>
  /^Ubuntu Server 22\.04 LTS 64/.test(ImageName) && (Architecture ?? 'x86_64') === 'x86_64';

/**
 * The id of Ubuntu Server 22.04 LTS for x86-64, looked for on every page; null where a region has none. `ask` is the
 * call of `DescribeImages`: what looks before the creation and what creates have each a client of its own.
 */
export async function findImage(ask: (parameters: object) => Promise<ImagePage>): Promise<string | null> {
  let seen = 0;
  for (;;) {
    const { TotalCount, ImageSet: images } = await ask({ Filters: filters, Offset: seen, Limit: 100 });
    const image = images.find(isWanted);
    if (image !== undefined) return image.ImageId;
    seen += images.length;
    if (images.length === 0 || seen >= (TotalCount ?? 0)) return null;
  }
}
