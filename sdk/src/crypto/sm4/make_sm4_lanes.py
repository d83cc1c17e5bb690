#!/usr/bin/python3
"""Works out the constants of sm4_lanes.cpp: the affine maps that turn the AES box, or its inversion alone, into that of SM4.

Usage: /usr/bin/python3 make_sm4_lanes.py

Both boxes are an inversion between affine maps, over fields that differ in their polynomial only:
    SM4(x) = A inv(A x + c) + c   over x^8+x^7+x^6+x^5+x^4+x^2+1, A circulant with first row a7 (bit 0 first), c = d3
    AES(y) = M inv(y) + 63        over x^8+x^4+x^3+x+1
With phi, which carries the first field into the second, SM4(x) = Q(AES(P(x))) for P(x) = phi(A x + c) and an affine Q. Prints P and Q as
what the low and the high half of a byte add; the constant stands in the low table. Where the processor has GF2P8AFFINEINVQB, which inverts
alone, SM4(x) = T(inv(P(x))): prints P and T as the matrices that this instruction takes. The result is checked for all 256 bytes and against
the published beginning and end of the box. @source GB/T 32907-2016 table 1; FIPS 197 5.1.1
"""
SM4_FIELD, AES_FIELD = 0x1F5, 0x11B
CIRCULANT, CONSTANT = 0xA7, 0xD3
BOX_BEGINS, BOX_ENDS = bytes.fromhex("d690e9fecce13db716b614c228fb2c05"), bytes.fromhex("18f07dec3adc4d2079ee5f3ed7cb3948")


def times(a, b, field):
    product = 0
    while b:
        if b & 1:
            product ^= a
        a, b = a << 1, b >> 1
        if a & 0x100:
            a ^= field
    return product


def inverses(field):
    return [next((b for b in range(256) if times(a, b, field) == 1), 0) for a in range(256)]


def left(byte, by):
    return (byte << by | byte >> (8 - by)) & 0xFF


def circulant(x):
    return sum((bin(left(CIRCULANT, i) & x).count("1") & 1) << i for i in range(8))


def carry_over():
    """phi: a root of the first polynomial in the second field, and its powers."""
    def value(root):
        result = 0
        for bit in range(8, -1, -1):
            result = times(result, root, AES_FIELD) ^ (SM4_FIELD >> bit & 1)
        return result
    root = next(r for r in range(2, 256) if value(r) == 0)
    powers = [1]
    for _ in range(7):
        powers.append(times(powers[-1], root, AES_FIELD))
    table = []
    for x in range(256):
        y = 0
        for bit in range(8):
            y ^= powers[bit] if x >> bit & 1 else 0
        table.append(y)
    return table


def main():
    inverse_sm4, inverse_aes, phi = inverses(SM4_FIELD), inverses(AES_FIELD), carry_over()
    sm4 = [circulant(inverse_sm4[circulant(x) ^ CONSTANT]) ^ CONSTANT for x in range(256)]
    assert bytes(sm4[:16]) == BOX_BEGINS and bytes(sm4[-16:]) == BOX_ENDS
    aes = []
    for x in range(256):
        y = inverse_aes[x]
        aes.append(y ^ left(y, 1) ^ left(y, 2) ^ left(y, 3) ^ left(y, 4) ^ 0x63)
    before = [phi[circulant(x) ^ CONSTANT] for x in range(256)]
    after = [0] * 256
    for x in range(256):
        after[aes[before[x]]] = sm4[x]
    for name, table in (("Before", before), ("After", after)):
        assert all(table[a] ^ table[b] ^ table[0] == table[a ^ b] for a in range(256) for b in range(256)), "not affine"
        for half, values in (("Low", table[:16]), ("High", [table[i << 4] ^ table[0] for i in range(16)])):
            print("alignas(16) constexpr std::uint8_t k%s%s[16] = {%s};" % (name, half, ", ".join("0x%02x" % v for v in values)))
    behind = [0] * 256
    for x in range(256):
        behind[inverse_aes[before[x]]] = sm4[x]
    for name, table in (("Before", before), ("Behind", behind)):
        assert all(table[a] ^ table[b] ^ table[0] == table[a ^ b] for a in range(256) for b in range(256)), "not affine"
        # Byte 7 - i of a matrix says which bits of x make bit i.
        rows = [sum(((table[1 << j] ^ table[0]) >> i & 1) << j for j in range(8)) for i in range(8)]
        print("constexpr std::uint64_t k%sMatrix = 0x%016x;" % (name, sum(rows[i] << 8 * (7 - i) for i in range(8))))
        print("constexpr int k%sConstant = 0x%02x;" % (name, table[0]))


if __name__ == "__main__":
    main()
