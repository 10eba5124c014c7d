"""Pages as people copy them: a title and an abstract wrapped in what literature sites put around them.

Every name, number and title of another paper in here is invented.
"""

# ruff: noqa: E501 (pages have long lines)

import random
import re
import textwrap
from collections.abc import Callable, Iterable
from html import escape

Layout = Callable[[str, str, int], str]

_FORENAMES = (
    "Anna Ruth Jonas Mei-Ling Carlos Ingrid Oluwaseun Priya Tomás Yuki Beate Samuel Noor Élise Marek".split()
)
_SURNAMES = (
    "Lindqvist,Okafor,Brandt,García-Luna,Tanaka,O'Dwyer,van der Meer,Szabó,Moreau,Haddad,Nyström,Petrov,Kim,De Luca"
).split(",")
_PLACES = (
    "Department of Psychology, University of Aldermoor, Aldermoor, United Kingdom.",
    "Institute of Behavioral Neuroscience, Hollin State University, Hollin, OH 44999, USA.",
    "Klinik für Psychiatrie, Universitätsklinikum Berghausen, Berghausen, Germany.",
    "School of Nursing, Karewa College of Health Sciences, Karewa, New Zealand.",
    "Laboratory of Social Endocrinology, Center for Brain and Body, Montreval, Canada.",
)
_JOURNALS = (
    "Psychoneuroendocrinology",
    "Hormones and Behavior",
    "Journal of Affective Studies",
    "Frontiers in Bonding Science",
    "Biological Psychiatry Reports",
    "Social Neuroscience Letters",
)
OTHER_TITLES = (
    "Oxytocin and the buffering of stress: from voles to couples",
    "Intranasal oxytocin improves emotion recognition in adults with autism spectrum disorder",
    "Affective touch, endogenous opioids and the pleasure of being held",
    "Interbrain synchrony in mothers and infants: a hyperscanning study",
    "Grief, separation and the loss of a pair bond: a neuropeptide account",
    "A randomized trial of oxytocin-assisted psychotherapy for posttraumatic stress disorder",
    "Vasopressin, trust and cooperation in economic games: a meta-analysis",
    "Naltrexone alters social connection after a loving message",
    "Massage and skin-to-skin contact lower cortisol in preterm infants",
    "Is loneliness a hunger? Dopamine, opioids and social craving",
    "Couples therapy after bereavement: protocol of a controlled trial",
    "Beta-endorphin release during group singing predicts social closeness",
)
_SNIPPETS = (
    "Oxytocin has been proposed to buffer stress in couples, but the evidence is mixed and doses differ between studies.",
    "We found that touch by the partner reduced pain ratings and that naloxone abolished the effect in most participants.",
    "Grieving individuals showed a stronger neural response to the photograph of the deceased than controls did.",
)


class _Dice:
    """The accidents of a page, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def pick(self, options: Iterable[str], n: int) -> list[str]:
        return self._random.sample(list(options), n)

    def one(self, options: Iterable[str]) -> str:
        return self._random.choice(list(options))

    def number(self, low: int, high: int) -> int:
        return self._random.randint(low, high)

    def authors(self, initials: bool = False, sign: str = "") -> list[str]:
        names = []
        for forename, surname in zip(self.pick(_FORENAMES, 4), self.pick(_SURNAMES, 4), strict=True):
            middle = self.one(("", " J.", " M.", ""))
            name = f"{surname} {forename[0]}" if initials else f"{forename}{middle} {surname}"
            names.append(name + (sign and f"{sign}{self.number(1, 3)}"))
        return names

    def journal(self) -> str:
        return self.one(_JOURNALS)

    def doi(self) -> str:
        return f"10.{self.number(1000, 9999)}/j.inv.{self.number(2001, 2024)}.{self.number(10, 99)}.{self.number(100, 999)}"

    def year(self) -> int:
        return self.number(1996, 2024)


def sections(abstract: str) -> list[tuple[str, str]]:
    """Split a structured abstract ("BACKGROUND: ... METHODS: ...") into headings and texts."""
    parts = re.split(r"(?:^|(?<=[.!?)] ))([A-Z][A-Z ]{2,40}): (?=[A-Z])", abstract)
    pairs = [("", parts[0].strip())] if parts[0].strip() else []
    pairs += [
        (heading, body.strip())
        for heading, body in zip(parts[1::2], parts[2::2], strict=True)
        if body.strip()
    ]
    return pairs if len(pairs) > 1 else [("", abstract)]


def _hyphenate(text: str, width: int) -> str:
    """Wrap as a PDF does: long words are broken with a hyphen at the end of the line."""
    lines = []
    line = ""
    for word in text.split(" "):
        if len(line) + 1 + len(word) <= width:
            line = f"{line} {word}" if line else word
            continue
        room = width - len(line) - 2
        if word.isalpha() and word.islower() and room >= 4 and len(word) - room >= 4:
            lines.append(f"{line} {word[:room]}-")
            line = word[room:]
        else:
            lines.append(line)
            line = word
    return "\n".join([*lines, line])


def pubmed(title: str, abstract: str, seed: int) -> str:
    dice = _Dice(seed)
    year = dice.year()
    authors = dice.authors()
    similar = dice.pick(OTHER_TITLES, 5)
    body = "\n\n".join(
        f"{heading.capitalize()}: {text}" if heading else text for heading, text in sections(abstract)
    )
    others = "\n".join(
        f"{other}.\n{', '.join(dice.authors(initials=True))}.\n{dice.journal()}. {dice.year()} Mar;{dice.number(3, 80)}"
        f"(2):{dice.number(100, 400)}-{dice.number(401, 600)}. doi: {dice.doi()}.\nPMID: {dice.number(10**7, 3 * 10**7)} "
        f"{dice.one(('Free PMC article.', 'Review.', 'Clinical Trial.', ''))}"
        for other in similar
    )
    return f"""Skip to main page content
U.S. flag
An official website of the United States government
Here's how you know
NIH NLM Logo
Log in
Search:
Search
Advanced Clipboard
User Guide
Save
Email
Send to
Display options
{dice.journal()}
Actions
. {year} Apr;{dice.number(10, 90)}:{dice.number(100, 300)}-{dice.number(301, 400)}. doi: {dice.doi()}. Epub {year} Jan 14.
{title}
{authors[0]} 1, {authors[1]} 2, {authors[2]} 2, {authors[3]} 3
Affiliations
PMID: {dice.number(10**7, 3 * 10**7)} PMCID: PMC{dice.number(10**6, 10**7)} DOI: {dice.doi()}
Abstract
{body}

Keywords: Attachment; Neuropeptides; Oxytocin; Social behavior; Stress.

Copyright © {year} Elsevier Ltd. All rights reserved.

PubMed Disclaimer

Conflict of interest statement
The authors declare that they have no known competing interests that could have influenced this work.

Similar articles
{others}
See all similar articles
Cited by
{dice.one(OTHER_TITLES)}.
{", ".join(dice.authors(initials=True))}.
{dice.journal()}. {year + 1} Feb 3;12:{dice.number(1000, 9999)}. doi: {dice.doi()}. eCollection {year + 1}.
Publication types
Randomized Controlled Trial
Research Support, Non-U.S. Gov't
MeSH terms
Administration, Intranasal
Emotions / drug effects
Oxytocin / therapeutic use*
Stress, Psychological / psychology*
Substances
Oxytocin
LinkOut - more resources
Full Text Sources
Elsevier Science
Follow NCBI
National Library of Medicine
8600 Rockville Pike
Bethesda, MD 20894
Web Policies
FOIA
HHS Vulnerability Disclosure
Help
Accessibility
Careers
"""


def pmc(title: str, abstract: str, seed: int) -> str:
    dice = _Dice(seed)
    authors = dice.authors(sign=" ")
    body = "\n\n".join(
        f"{heading.capitalize()}\n\n{text}" if heading else text for heading, text in sections(abstract)
    )
    return f"""Skip to main content

PMC Search Update

{dice.journal()} logo

Link to publisher's version

{dice.journal()}. {dice.year()} May 12;{dice.number(3, 40)}:{dice.number(100, 900)}. doi: {dice.doi()}

{title}

{", ".join(authors[:-1])}, {authors[-1]},*

Author information Article notes Copyright and License information

PMCID: PMC{dice.number(10**6, 10**7)}  PMID: {dice.number(10**7, 3 * 10**7)}

Abstract

{body}

Keywords: oxytocin, attachment, grief, social touch, synchrony

Introduction

Social bonds are among the strongest predictors of health (Okafor, 2009; Brandt et al., 2014). Oxytocin, a neuropeptide
made in the hypothalamus, has been proposed as a mediator of this link, and several trials have tested its effects on
stress, trust and the recognition of emotions.

Endogenous opioids are released during affective touch, and their blockade with naltrexone reduces feelings of social
connection. Whether this holds for bereaved people is not known.

Materials and Methods

Participants

Sixty couples were recruited through newspaper advertisements and received 40 euros each for taking part in the study.

References

1. {authors[0]}. {dice.one(OTHER_TITLES)}. {dice.journal()} {dice.year()}; 12: 33-41. [DOI] [PubMed] [Google Scholar]
2. {authors[1]}. {dice.one(OTHER_TITLES)}. {dice.journal()} {dice.year()}; 7: 233-241. [DOI] [PubMed] [Google Scholar]

Articles from {dice.journal()} are provided here courtesy of Aldermoor University Press
"""


def sciencedirect(title: str, abstract: str, seed: int) -> str:
    dice = _Dice(seed)
    year = dice.year()
    authors = dice.authors(sign=" ")
    journal = dice.journal()
    recommended = "\n".join(
        f"{other}\n{journal}, Volume {dice.number(20, 140)}, {year + 1}, Article {dice.number(10**5, 10**6)}\n"
        f"{dice.authors()[0]}, …, {dice.authors()[1]}\nView PDF"
        for other in dice.pick(OTHER_TITLES, 3)
    )
    return f"""Skip to main contentSkip to article
Elsevier logo
Journals & Books
Help
Search
My account
Sign in
Access through your institution
Purchase PDF
Article preview
Abstract
Introduction
Section snippets
References ({dice.number(20, 90)})
Cited by ({dice.number(1, 190)})
Elsevier
{journal}
Volume {dice.number(20, 140)}, March {year}, Pages {dice.number(100, 300)}-{dice.number(301, 400)}
{journal}
{dice.one(("Research article", "Review", "Short communication"))}
{title}
Author links open overlay panel{authors[0]} a, {authors[1]} b, {authors[2]} a
Show more
Add to Mendeley
Share
Cite
https://doi.org/{dice.doi()}
Get rights and content
Highlights
•
Oxytocin reduced cortisol in couples who touched each other during the conflict.
•
Effects on emotion recognition and synchrony were small.
Abstract
{abstract}
Introduction
Social relationships protect against stress and disease, and oxytocin has been proposed to be one of the mediators of it.
Access through your institution
Section snippets
Participants
The sample consisted of 120 healthy men who were recruited at the university and gave written informed consent. They…
References ({dice.number(20, 90)})
{authors[0]} et al.
{dice.one(OTHER_TITLES)}
{dice.journal()}
({dice.year()})
Cited by ({dice.number(1, 190)})
{dice.one(OTHER_TITLES)}
{year + 1}, {dice.journal()}
Show abstract
{dice.one(_SNIPPETS)}
Recommended articles ({dice.number(3, 6)})
{recommended}
View full text
© {year} Elsevier Ltd. All rights reserved.
About ScienceDirect
Remote access
Advertise
Contact and support
Terms and conditions
Privacy policy
Cookies are used by this site. Cookie settings
All content on this site: Copyright © {year} Elsevier B.V., its licensors, and contributors. All rights are reserved.
"""


def wiley(title: str, abstract: str, seed: int) -> str:
    """Hard-wrapped between words, as a mail program leaves it."""
    dice = _Dice(seed)
    year = dice.year()
    authors = dice.authors()
    body = "\n\n".join(
        (f"{heading.capitalize()}\n" if heading else "") + textwrap.fill(text, 78, break_on_hyphens=False)
        for heading, text in sections(abstract)
    )
    return f"""Wiley Online Library
Search
Login / Register
{dice.journal()}
ORIGINAL ARTICLE
Full Access

{title}

{", ".join(authors)}
First published: 04 June {year}
https://doi.org/{dice.doi()}
Citations: {dice.number(1, 300)}
About
Sections
PDF
Tools
Share

Abstract

{body}

CONFLICT OF INTEREST
The authors have no conflict of interest to declare.

Supporting Information

Filename	Description
inv{dice.number(1000, 9999)}-sup-0001-suppinfo.docx	Word document, 512 KB

Please note: The publisher is not responsible for the content or functionality of any supporting information supplied by
the authors. Any queries (other than missing content) should be directed to the corresponding author for the article.

Citing Literature
Volume {dice.number(10, 60)}, Issue {dice.number(1, 12)}
June {year}
Pages {dice.number(100, 300)}-{dice.number(301, 400)}
Related
Information
Recommended
{dice.one(OTHER_TITLES)}
{authors[2]}, {dice.journal()}
{dice.one(OTHER_TITLES)}
{authors[1]}, {dice.journal()}
Download PDF
© {year} John Wiley & Sons, Inc.
About Wiley Online Library
Privacy Policy
Terms of Use
Cookies
Accessibility
"""


def springer_html(title: str, abstract: str, seed: int) -> str:
    """The source of a page instead of what it shows."""
    dice = _Dice(seed)
    year = dice.year()
    authors = "".join(
        f'<li class="author"><a href="#auth-{i}">{escape(a)}</a></li>' for i, a in enumerate(dice.authors())
    )
    related = "".join(
        f"<h3><a href='/article/{dice.doi()}'>{escape(t)}</a></h3>" for t in dice.pick(OTHER_TITLES, 3)
    )
    paragraphs = "".join(
        (f"<h3>{heading.capitalize()}</h3>" if heading else "") + f"<p>{escape(text)}</p>"
        for heading, text in sections(abstract)
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<title>{escape(title)} | {dice.journal()}</title>
<meta name="citation_title" content="{escape(title)}"/>
<script type="text/javascript">window.dataLayer = [{{"page": "article", "a<b": 1}}];</script>
<style>.c-article-title {{ font-weight: 700; }}</style>
</head>
<body class="shared">
<!-- navigation -->
<a class="c-skip-link" href="#main">Skip to main content</a>
<nav aria-label="breadcrumbs"><ol><li>Home</li><li>{dice.journal()}</li><li>Article</li></ol></nav>
<h1 class="c-article-title" data-test="article-title">{escape(title)}</h1>
<ul class="c-article-identifiers"><li>Original Article</li><li>Published: 12 May {year}</li></ul>
<ul class="c-article-author-list">{authors}</ul>
<p>{dice.journal()} <b>volume&nbsp;{dice.number(3, 99)}</b>, pages 33&ndash;41 ({year})</p>
<section><h2>Abstract</h2>{paragraphs}</section>
<section><h2>Access this article</h2><p>Log in via an institution to check access.</p></section>
<section><h2>Similar content being viewed by others</h2>{related}</section>
<section><h2>References</h2><ol><li>Okafor R ({year - 4}) {dice.one(OTHER_TITLES)}. 12:3&ndash;9</li></ol></section>
<h2>About this article</h2><p>Cite this article: {escape(title)}. {dice.journal()} ({year}).</p>
<footer>&copy; {year} Springer Nature</footer>
</body></html>
"""


def qxmd(title: str, abstract: str, seed: int) -> str:
    dice = _Dice(seed)
    related = "\n".join(
        f"{other}.{dice.authors()[0]}, {dice.authors()[1]}\n{dice.journal()} {dice.year()} June 4"
        for other in dice.pick(OTHER_TITLES, 4)
    )
    body = "\n".join(f"{heading}: {text}" if heading else text for heading, text in sections(abstract))
    return f"""Read by QxMD
Home
Search
Collections
Log In
Sign Up
Add to saved papers
{dice.one(("JOURNAL ARTICLE", "RANDOMIZED CONTROLLED TRIAL", "REVIEW", "Clinical Trial"))}
{title}

{", ".join(dice.authors())}
{dice.journal()} {dice.year()} April 12

{body}

Full text links
We have located links that may give you full text access.
Managing your account keeps your collections in sync on all of your devices.
Related Resources
{related}
Get seemless 1-tap access through your institution/university
For the best experience, use the Read mobile app
All material on this website is protected by copyright, Copyright © 1994-{dice.year()} by WebMD LLC.
This website also contains material copyrighted by 3rd parties.
By using this service, you agree to our terms of use and privacy policy.
Your Privacy Choices
"""


def jats(title: str, abstract: str, seed: int) -> str:
    """Crossref's JATS, escaped twice as exports often are."""
    dice = _Dice(seed)
    body = "".join(
        (f"<jats:sec><jats:title>{heading.capitalize()}</jats:title>" if heading else "")
        + f"<jats:p>{escape(text, quote=False)}</jats:p>"
        + ("</jats:sec>" if heading else "")
        for heading, text in sections(abstract)
    )
    body = (
        body.replace(" and ", " <jats:italic>and</jats:italic> ", 2)
        .replace("β", "&#x3b2;")
        .replace("–", "&ndash;")
    )
    page = f"<article-title>{escape(title)}</article-title>\n<jats:abstract><jats:title>Abstract</jats:title>{body}</jats:abstract>"
    return escape(page, quote=False) if dice.number(0, 1) else page


def clinicaltrials(title: str, abstract: str, seed: int) -> str:
    dice = _Dice(seed)
    half = abstract.find(". ", len(abstract) // 3)
    summary, description = (abstract[: half + 1], abstract[half + 2 :]) if half > 0 else (abstract, "")
    detail = f"\nDetailed Description\n{description}\n" if len(description) > 100 else f" {description}\n"
    return f"""Skip to Main Content
ClinicalTrials.gov
Find Studies
Study Basics
Submit Studies
Data and API
Policy
About
My Saved Studies (0)
The U.S. government does not review or approve the safety and science of all studies listed on this website.
Read our full disclaimer for details.
Home
Search Results
Study Record
{dice.one(("Completed", "Recruiting", "Unknown status"))}
{title}
ClinicalTrials.gov ID NCT0{dice.number(10**6, 10**7 - 1)}
Sponsor University of Aldermoor
Information provided by University of Aldermoor (Responsible Party)
Last Update Posted {dice.year()}-06-14
Study Details
Researcher View
No Results Posted
Record History
Study Overview
Brief Summary
{summary}{detail}
Official Title
A Double-Blind, Randomized, Placebo-Controlled Study of an Intranasal Neuropeptide
Conditions
Autism Spectrum Disorder
Grief
Intervention / Treatment
Drug: Oxytocin nasal spray
Drug: Placebo
Study Start (Actual)
{dice.year()}-01-05
Enrollment (Actual)
{dice.number(20, 300)}
Study Type
Interventional
Phase
Phase 2
Contacts and Locations
Participation Criteria
Inclusion Criteria:
Adults between 18 and 45 years of age who are able to give informed consent and have lost a partner.
Exclusion Criteria:
Pregnancy or breastfeeding, use of opioids, or an allergy that is known to be caused by the spray.
Collaborators and Investigators
Publications
From PubMed
{dice.authors(initials=True)[0]}. {dice.one(OTHER_TITLES)}. {dice.journal()}. {dice.year()} Jul;38(7):{dice.number(900, 999)}-1000.
"""


def pdf(title: str, abstract: str, seed: int) -> str:
    """Text copied out of a PDF: narrow lines, hyphenated words, ligatures, running heads."""
    dice = _Dice(seed)
    year = dice.year()
    spelled = abstract.replace("ffi", "ﬃ").replace("fi", "ﬁ").replace("fl", "ﬂ")
    return f"""{dice.journal()} {dice.number(20, 140)} ({year}) {dice.number(100, 300)}–{dice.number(301, 400)}
Contents lists available at ScienceDirect
{dice.journal()}
journal homepage: www.example.org/locate/inv

{textwrap.fill(title, 60)}

{", ".join(dice.authors(sign=""))}
{dice.one(_PLACES)}

A R T I C L E  I N F O
Article history:
Received 12 January {year}
Accepted 3 March {year}

Keywords:
Oxytocin
Attachment

A B S T R A C T

{_hyphenate(spelled, 66)}
© {year} Elsevier Ltd. All rights reserved.

1. Introduction

Close relationships protect from stress, and the search for the mechanisms has led to
oxytocin and to endogenous opioids, both of which are released by touch.
"""


DEVELOPED: tuple[Layout, ...] = (
    pubmed,
    pmc,
    sciencedirect,
    wiley,
    springer_html,
    qxmd,
    jats,
    clinicaltrials,
    pdf,
)
"""Layouts the rules were written with."""


def cochrane(title: str, abstract: str, seed: int) -> str:
    dice = _Dice(seed)
    body = "\n\n".join(
        f"{heading.capitalize()}\n\n{text}" if heading else text for heading, text in sections(abstract)
    )
    return f"""Cochrane Library
Trusted evidence. Informed decisions. Better health.
Title Abstract Keyword
English
Sign In
Cochrane reviews
Trials
Clinical Answers
About
Help
Cochrane Database of Systematic Reviews
Review - Intervention

{title}

{" ".join(dice.authors())}  Authors' declarations of interest

Version published: {dice.number(1, 28)} June {dice.year()} Version history
https://doi.org/{dice.doi()}

Collapse all  Expand all

Abstract

available in
English
Español
فارسی

{body}

PICOs

Population
Intervention
Comparison
Outcome
The PICO model is widely used and taught in evidence-based health care as a strategy for formulating questions and search
strategies and for characterizing clinical studies or meta-analyses.

Plain language summary

available in
English

Does oxytocin help people who have lost a partner?

People who have lost a partner often feel lonely and stressed. We wanted to know whether oxytocin, a hormone that is
released when people touch each other, can help them. We found three small studies, and we are not sure of the result.

Authors' conclusions

Implications for practice

There is not enough evidence to recommend oxytocin for grief.

Background
Description of the condition

Grief is the natural reaction to the loss of a close person (Brandt 2011).
"""


def semantic_scholar(title: str, abstract: str, seed: int) -> str:
    dice = _Dice(seed)
    names = dice.authors()
    papers = "\n".join(
        f"{other}\n{dice.authors()[0]}{dice.authors()[1]}\nPsychology, Medicine\n{dice.journal()} {dice.year()}\n"
        f"{dice.one(_SNIPPETS)}Expand\n{dice.number(2, 400)} Citations\nPDF\nSave"
        for other in dice.pick(OTHER_TITLES, 4)
    )
    return f"""Skip to search form
Skip to main content
Skip to account menu
Semantic Scholar's Logo
Search 214,{dice.number(100, 999)},456 papers from all fields of science
Search
Sign In
Create Free Account
DOI:{dice.doi()}
Corpus ID: {dice.number(10**6, 10**8)}
{title}
{names[0]}, {names[1]}, +2 authors {names[3]}
Published in {dice.journal()} {dice.number(1, 28)} October {dice.year()}
Psychology, Medicine, Biology
{abstract}
View on PubMed
Save to Library
Create Alert
Cite
{dice.number(2, 200)} Citations
Highly Influential Citations
{dice.number(2, 20)}
Background Citations
{dice.number(2, 90)}
View All
Figures and Tables from this paper
figure 1
table 1
Topics
Oxytocin (opens in a new tab)
Social Stress (opens in a new tab)
{dice.number(2, 200)} Citations
Citation Type
Has PDF
Author
More Filters
{papers}
...
1
2
3
...
Related Papers
Showing 1 through 3 of 0 Related Papers
What Is Semantic Scholar?
Semantic Scholar is a free, AI-powered research tool for scientific literature, based at Ai2.
Learn More
About
Terms of Service
Privacy Policy
By clicking accept or continuing to use the site, you agree to the terms outlined in our Privacy Policy, Terms of Service.
Accept & Continue
"""


def psycinfo_record(title: str, abstract: str, seed: int) -> str:
    """The record of a bibliographic database, field by field."""
    dice = _Dice(seed)
    year = dice.year()
    return f"""Title:

{title}

Authors:

{dice.authors()[0]}, ORCID 0000-0002-{dice.number(1000, 9999)}-{dice.number(1000, 9999)} . {dice.one(_PLACES)}
{dice.authors()[1]}

Address:

{dice.authors()[0]}, a.lindqvist@example.org

Source:

{dice.journal()}, Vol {dice.number(10, 60)}(3), Aug, {year}. pp. {dice.number(100, 300)}-{dice.number(301, 400)}.

NLM Title Abbreviation:

Inv J

Publisher:

US : American Psychological Association

Language:

English

Keywords:

oxytocin, grief, social touch, therapy

Abstract:

{abstract} (PsycInfo Database Record (c) {year} APA, all rights reserved)

Document Type:

Journal Article

Subjects:

*Oxytocin; *Social Support; Stress; Emotion Recognition

PsycInfo Classification:

Psychopharmacology (2580)

Population:

Human
Male

Age Group:

Adulthood (18 yrs & older)

Grant Sponsorship:

Sponsor: Aldermoor Foundation. Grant Number: 12-345. Recipients: Lindqvist, Anna

Format Covered:

Electronic

Accession Number:

{year}-{dice.number(10000, 99999)}-001

Number of Citations in Source:

{dice.number(20, 90)}

Database:

APA PsycInfo
"""


def biorxiv(title: str, abstract: str, seed: int) -> str:
    dice = _Dice(seed)
    names = dice.authors()
    return f"""Skip to main content
bioRxiv
HOME
SUBMIT
FAQ
BLOG
ALERTS / RSS
RESOURCES
ABOUT
CHANNELS

Advanced Search
New Results
Follow this preprint
{title}
View ORCID Profile{names[0]}, {names[1]}, View ORCID Profile{names[2]}, {names[3]}
doi: https://doi.org/10.1101/{dice.year()}.05.12.{dice.number(100000, 999999)}
This article is a preprint and has not been certified by peer review [what does this mean?].
00000000
AbstractFull TextInfo/HistoryMetrics Preview PDF
Abstract
{abstract}

Competing Interest Statement
The authors have declared no competing interest.

Copyright The copyright holder for this preprint is the author/funder, who has granted bioRxiv a license to display the preprint in perpetuity. It is made available under a CC-BY-NC-ND 4.0 International license.
Back to top
PreviousNext
Posted May 12, {dice.year()}.
 Download PDF
 Print/Save Options
 Email
 Share
Citation Tools
Get QR code
 Tweet Widget
Subject Area

Neuroscience
Subject Areas
All Articles
Animal Behavior and Cognition ({dice.number(1000, 9999)})
Biochemistry ({dice.number(1000, 9999)})
Neuroscience ({dice.number(10000, 99999)})
"""


def europe_pmc(title: str, abstract: str, seed: int) -> str:
    dice = _Dice(seed)
    body = "\n".join(
        f"{heading.capitalize()}\n{text}" if heading else text for heading, text in sections(abstract)
    )
    similar = "\n".join(
        f"{other}.\n{', '.join(dice.authors(initials=True))}.\n{dice.journal()}, {dice.number(3, 40)}:{dice.number(100, 999)}, "
        f"{dice.number(1, 28)} Feb {dice.year()}\nCited by: {dice.number(1, 99)} articles | PMID: {dice.number(10**7, 3 * 10**7)}"
        for other in dice.pick(OTHER_TITLES, 4)
    )
    return f"""Europe PMC requires Javascript to function effectively.
Either your web browser doesn't support Javascript or it is currently turned off. In the latter case, please turn on Javascript support in your web browser and reload this page.

About
Tools
Developers
Help
Search worldwide, life-sciences literature
Coronavirus articles and preprints Search examples: "breast cancer" Smith J
Advanced search
Abstract
Full text
Similar Articles
{title}.

{", ".join(dice.authors(initials=True))}
Author information
{dice.journal()}, 01 Mar {dice.year()}, {dice.number(10, 90)}:{dice.number(100, 200)}-{dice.number(201, 300)}
https://doi.org/{dice.doi()} PMID: {dice.number(10**7, 3 * 10**7)}

Share this article
Abstract
{body}
Full text links
Read article at publisher's site: https://doi.org/{dice.doi()}

References
Articles referenced by this article ({dice.number(10, 90)})
{dice.one(OTHER_TITLES)}.
{dice.authors(initials=True)[0]}, {dice.authors(initials=True)[1]}. {dice.journal()}, {dice.year()}
MED: {dice.number(10**6, 10**7)}
Show 10 more references (10 of {dice.number(30, 90)})

Citations & impact

Impact metrics
{dice.number(1, 200)}
Citations
Jump to Citations
Alternative metrics
Altmetric item for https://www.altmetric.com/details/{dice.number(10**6, 10**7)}
Article citations
{dice.one(OTHER_TITLES)}.
{", ".join(dice.authors(initials=True))}.
{dice.journal()}, 11:{dice.number(1000, 9999)}, 12 May {dice.year()}
Similar Articles
To arrive at the top five similar articles we use a word-weighted algorithm to compare words from the Title and Abstract of each citation.
{similar}
Europe PMC is part of the ELIXIR infrastructure
"""


def researchgate(title: str, abstract: str, seed: int) -> str:
    dice = _Dice(seed)
    names = dice.authors()
    return f"""Home
Social Sciences
Psychology
Oxytocin
Article

{title}
{dice.one(("January", "March", "October"))} {dice.year()}
{dice.journal()} {dice.number(10, 90)}({dice.number(1, 12)}):{dice.number(100, 200)}-{dice.number(201, 300)}
DOI:{dice.doi()}
Authors:

{names[0]}
University of Aldermoor
{names[1]}
Hollin State University
{names[2]}
Request full-text PDF
To read the full-text of this research, you can request a copy directly from the authors.

Citations ({dice.number(1, 90)})
References ({dice.number(10, 90)})

Abstract
{abstract}
No full-text available

Request Full-text Paper PDF
ResearchGate has not been able to resolve any citations for this publication.
{dice.one(OTHER_TITLES)}
Article
Mar {dice.year()}
{names[3]}
{dice.one(_SNIPPETS)}
View
Show abstract
{dice.one(OTHER_TITLES)}
Chapter
Full-text available
Jan {dice.year()}
{dice.one(_SNIPPETS)}
View
Recommended publications
Discover more
{dice.one(OTHER_TITLES)}
Read more
Company
About us
News
Careers
Support
Help Center
Business solutions
Advertising
Recruiting
© 2008-{dice.year()} ResearchGate GmbH. All rights reserved.
Terms Privacy Copyright Imprint Consent preferences
"""


def frontiers(title: str, abstract: str, seed: int) -> str:
    dice = _Dice(seed)
    names = dice.authors()
    body = "\n\n".join(
        f"{heading.capitalize()}: {text}" if heading else text for heading, text in sections(abstract)
    )
    return f"""Sections
Sections
About journal
About journal
Article types
Author guidelines
Submit your research

ORIGINAL RESEARCH article

Front. Bond. Sci., {dice.number(1, 28)} May {dice.year()}
Sec. Social Neuroscience
Volume {dice.number(5, 15)} - {dice.year()} | https://doi.org/{dice.doi()}
This article is part of the Research Topic
Neuropeptides and Close Relationships
View all 12 Articles

{title}
{names[0]}
{names[0]}1*
{names[1]}
{names[1]}2
{names[2]}
{names[2]}1,2
1Department of Psychology, University of Aldermoor, Aldermoor, United Kingdom
2Institute of Behavioral Neuroscience, Hollin State University, Hollin, OH, United States

{body}

1 Introduction
The first social bond of mammals is that of the infant to its mother, and it is from there that others are thought to have evolved (Brandt, 2004; Moreau et al., 2011).

It was found that oxytocin reduces the fear of strangers, and that opioids do the same.

2 Materials and methods
2.1 Participants
Forty women were recruited.

Data availability statement
The raw data supporting the conclusions of this article will be made available by the authors, without undue reservation.

Conflict of interest
The authors declare that the research was conducted in the absence of any commercial or financial relationships that could be construed as a potential conflict of interest.

Keywords: oxytocin, grief, couple, touch, opioid

Citation: {names[0]} ({dice.year()}) {title}. Front. Bond. Sci. 3:{dice.number(1000, 9999)}. doi: {dice.doi()}

Received: 14 January {dice.year()}; Accepted: 12 April {dice.year()};
Published: 12 May {dice.year()}.
"""


def medline(title: str, abstract: str, seed: int) -> str:
    """PubMed's tagged format."""
    dice = _Dice(seed)

    def field(tag: str, text: str) -> str:
        return textwrap.fill(
            text, 86, initial_indent=f"{tag:<4}- ", subsequent_indent=" " * 6, break_on_hyphens=False
        )

    authors = "\n".join(f"FAU - {name}\nAU  - {name}" for name in dice.authors(initials=True))
    return f"""PMID- {dice.number(10**7, 3 * 10**7)}
OWN - NLM
STAT- MEDLINE
DCOM- {dice.year()}0611
IS  - 1873-3360 (Electronic)
VI  - {dice.number(10, 90)}
DP  - {dice.year()} Apr
{field("TI", title)}
PG  - 111-9
LID - {dice.doi()} [doi]
{field("AB", abstract)}
CI  - Copyright (c) {dice.year()} Elsevier Ltd. All rights reserved.
{authors}
AD  - {dice.one(_PLACES)}
LA  - eng
PT  - Journal Article
PL  - England
TA  - {dice.journal()}
MH  - Oxytocin/*therapeutic use
MH  - Grief
OT  - Social touch
SO  - {dice.journal()}. {dice.year()} Apr;{dice.number(10, 90)}:111-9.
"""


HELD_OUT: tuple[Layout, ...] = (
    cochrane,
    semantic_scholar,
    psycinfo_record,
    biorxiv,
    europe_pmc,
    researchgate,
    frontiers,
    medline,
)
"""Layouts written when the rules were finished, to measure them on pages they were not made for."""
