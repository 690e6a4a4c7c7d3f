//! Character references of HTML: `&amp;`, `&#65;`, `&#x41;`.
//!
//! The names are those of HTML 4, and `apos`. As browsers do, the oldest names
//! are understood without their semicolon too.

/// The names of the characters from U+00A0 to U+00FF, in order.
const LATIN: &str = "\
    nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 \
    sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc \
    Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve \
    Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute \
    acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde \
    ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml";

/// Further names, each with its character in hexadecimal.
const OTHERS: &str = "\
    OElig 152 oelig 153 Scaron 160 scaron 161 Yuml 178 fnof 192 circ 2c6 tilde 2dc Alpha 391 Beta 392 \
    Gamma 393 Delta 394 Epsilon 395 Zeta 396 Eta 397 Theta 398 Iota 399 Kappa 39a Lambda 39b Mu 39c Nu \
    39d Xi 39e Omicron 39f Pi 3a0 Rho 3a1 Sigma 3a3 Tau 3a4 Upsilon 3a5 Phi 3a6 Chi 3a7 Psi 3a8 Omega \
    3a9 alpha 3b1 beta 3b2 gamma 3b3 delta 3b4 epsilon 3b5 zeta 3b6 eta 3b7 theta 3b8 iota 3b9 kappa 3ba \
    lambda 3bb mu 3bc nu 3bd xi 3be omicron 3bf pi 3c0 rho 3c1 sigmaf 3c2 sigma 3c3 tau 3c4 upsilon 3c5 \
    phi 3c6 chi 3c7 psi 3c8 omega 3c9 thetasym 3d1 upsih 3d2 piv 3d6 ensp 2002 emsp 2003 thinsp 2009 \
    zwnj 200c zwj 200d lrm 200e rlm 200f ndash 2013 mdash 2014 lsquo 2018 rsquo 2019 sbquo 201a ldquo \
    201c rdquo 201d bdquo 201e dagger 2020 Dagger 2021 bull 2022 hellip 2026 permil 2030 prime 2032 \
    Prime 2033 lsaquo 2039 rsaquo 203a oline 203e frasl 2044 euro 20ac image 2111 weierp 2118 real 211c \
    trade 2122 alefsym 2135 larr 2190 uarr 2191 rarr 2192 darr 2193 harr 2194 crarr 21b5 lArr 21d0 uArr \
    21d1 rArr 21d2 dArr 21d3 hArr 21d4 forall 2200 part 2202 exist 2203 empty 2205 nabla 2207 isin 2208 \
    notin 2209 ni 220b prod 220f sum 2211 minus 2212 lowast 2217 radic 221a prop 221d infin 221e ang \
    2220 and 2227 or 2228 cap 2229 cup 222a int 222b there4 2234 sim 223c cong 2245 asymp 2248 ne 2260 \
    equiv 2261 le 2264 ge 2265 sub 2282 sup 2283 nsub 2284 sube 2286 supe 2287 oplus 2295 otimes 2297 \
    perp 22a5 sdot 22c5 lceil 2308 rceil 2309 lfloor 230a rfloor 230b lang 2329 rang 232a loz 25ca \
    spades 2660 clubs 2663 hearts 2665 diams 2666 apos 27";

/// What Windows-1252 has from 0x80 on, which old pages mean with such a number.
const WINDOWS: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}',
    '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// The longest name of a reference.
const LONGEST: usize = 12;

/// The character that a text which begins with `&` stands for, and how many bytes it takes; `None` if it is no reference.
pub(super) fn reference(text: &str) -> Option<(char, usize)> {
    let rest = text.strip_prefix('&')?;
    match rest.strip_prefix('#') {
        Some(number) => numeric(number).map(|(c, len)| (c, len + 2)),
        None => named(rest).map(|(c, len)| (c, len + 1)),
    }
}

fn numeric(text: &str) -> Option<(char, usize)> {
    let hexadecimal = text.starts_with(['x', 'X']);
    let (digits, radix) = if hexadecimal { (&text[1..], 16) } else { (text, 10) };
    let end = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
    if end == 0 {
        return None;
    }
    let code = u32::from_str_radix(&digits[..end], radix).unwrap_or(u32::MAX);
    let len = usize::from(hexadecimal) + end + usize::from(digits[end..].starts_with(';'));
    Some((character(code), len))
}

fn character(code: u32) -> char {
    let windows = code
        .checked_sub(0x80)
        .and_then(|at| WINDOWS.get(at as usize))
        .copied();
    let valid = char::from_u32(code).filter(|_| code != 0);
    windows.or(valid).unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn named(text: &str) -> Option<(char, usize)> {
    let end = text
        .find(|c: char| !c.is_ascii_alphanumeric())
        .unwrap_or(text.len());
    let name = &text[..end];
    if text[end..].starts_with(';')
        && name.len() <= LONGEST
        && let Some(c) = old(name).or_else(|| newer(name))
    {
        return Some((c, end + 1));
    }
    // Without a semicolon: the longest of the oldest names that the text begins with.
    let longest = name.len().min(LONGEST);
    (2..=longest)
        .rev()
        .find_map(|len| Some((old(&name[..len])?, len)))
}

/// A name that browsers understand without its semicolon.
fn old(name: &str) -> Option<char> {
    match name {
        "amp" | "AMP" => Some('&'),
        "lt" | "LT" => Some('<'),
        "gt" | "GT" => Some('>'),
        "quot" | "QUOT" => Some('"'),
        _ => {
            let at = LATIN.split(' ').position(|known| known == name)?;
            char::from_u32(0xa0 + u32::try_from(at).ok()?)
        }
    }
}

fn newer(name: &str) -> Option<char> {
    let mut words = OTHERS.split(' ');
    words.find(|word| *word == name)?;
    u32::from_str_radix(words.next()?, 16)
        .ok()
        .and_then(char::from_u32)
}
