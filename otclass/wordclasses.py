"""Word classes: words that name one kind of thing, counted as that kind beside counting as themselves.

A rare domain has too few labelled texts to teach a model that naloxone, dynorphin and heroin are all of the
opioid system; a class says so. It is named in brackets: ``[opioid]`` is a term, and ``[hpa] & [opioid]``, a
word of each class in one sentence, is a pair.
"""

WORD_CLASSES: dict[str, tuple[str, ...]] = {
    name: tuple(words.split())
    for name, words in {
        "[opioid]": """
            alfentanil binaltorphimine buprenorphine butorphanol carfentanil casomorphin codeine
            cyprodime dadle damgo deltorphin dermorphin dextrorphan diacetylmorphine diprenorphine dpdpe
            dynorphin enadoline endomorphin endorphin enkephalin etorphine fentanyl heroin hydrocodone
            hydromorphone levorphanol loperamide meperidine methadone methylnaltrexone morphine
            nalbuphine nalmefene nalorphine naloxonazine naloxone naltrexone naltrindole nociceptin
            norbinaltorphimine opiate opioid opioidergic opiorphin opium oprd1 oprk1 oprm1 orphanin oud
            oxycodone pentazocine pethidine pomc prodynorphin proenkephalin proopiomelanocortin
            remifentanil salvinorin spiradoline suboxone sufentanil tapentadol tramadol
        """,
        "[peptide]": """
            acth adrenocorticotrophin adrenocorticotropin avp avpr1a bombesin carbetocin cck cgrp
            cholecystokinin corticoliberin crf crh desmopressin galanin hypocretin isotocin kisspeptin
            melanocortin mesotocin neuropeptide neurotensin npy orexin oxt oxtr oxytocin oxytocinergic
            pacap prolactin somatostatin tachykinin urocortin vasopressin vasopressinergic vasotocin vip
        """,
        "[hpa]": """
            acth adrenal adrenocorticotrophin adrenocorticotropic adrenocorticotropin corticosterone
            corticotrophin corticotropin cortisol crf crh dexamethasone glucocorticoid hpa hypothalamic
            pituitary
        """,
        "[stress]": """
            anxiety anxiogenic anxiolytic anxious coping distress fear panic resilience resilient stress
            stressor threat
        """,
        "[social]": """
            affiliation affiliative attachment bond bonding cagemate conspecific couple exclusion friend
            interpersonal loneliness lonely marital ostracism partner peer play prosocial rejection
            relationship social
        """,
        "[emotion]": """
            affect affective emotion emotional empathy face facial feeling happy mood sad
        """,
        "[disorder]": """
            addiction adhd alcoholism anorexia asd autism autistic bipolar borderline bulimia dependence
            depressed depression depressive insomnia mdd ocd phobia psychiatric psychosis ptsd
            schizophrenia suicidal
        """,
        "[treatment]": """
            efficacy intervention placebo psychotherapy randomised randomized therapeutic therapy
            treatment trial
        """,
    }.items()
}
"""Words of each class; every word of the same stem belongs to it too."""
