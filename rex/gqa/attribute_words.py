"""Attribute words by GQA's categories, the commonest first. Data, no code.

A word may belong to several (`gold`: a color and a material). Where GQA's own questions show the
pairing (`filter color: tan`), it follows them; the rest extends it to Visual Genome's attributes.
"""

from __future__ import annotations

ATTRIBUTE_WORDS: dict[str, str] = {
    "color": """
        white, black, green, blue, brown, red, gray, yellow, orange, silver, pink, tan, purple,
        gold, beige, blond, maroon, dark blue, light blue, light brown, dark brown, cream colored,
        khaki, teal, brunette, navy, ivory, turquoise, burgundy, dark, light colored, dark
        colored, black and white, rainbow colored, multicolored, multi colored, colorful, bronze,
        brass, copper, chocolate, evergreen, dark green, light green, lime green, dark red, bright
        blue, bright green, deep blue, golden, golden brown, grey, blonde, neon, camouflage,
        translucent, transparent, greenish, olive, magenta, violet, cyan, lavender, peach,
        strawberry blond""",
    "material": """
        wood, metal, plastic, brick, concrete, glass, leather, stone, stainless steel, ceramic,
        steel, paper, cloth, porcelain, wicker, iron, marble, tin, granite, cobblestone, hardwood,
        aluminum, brass, bronze, copper, chrome, silver, gold, clay, rock, bamboo, asphalt,
        cotton, rubber, cardboard, denim, wool, fabric, wooden, cement, gravel, straw, silk,
        ivory, wire, mesh, linen, velvet, styrofoam, vinyl, foam, crystal, rope, sand, dirt,
        tarmac, tile, fur, knit, lace, satin, fleece, woven, plaster, barbed wire, chain link,
        snow, ice, grass""",
    "size": "large, small, little, huge, tiny, giant, big, massive, enormous, miniature, medium",
    "shape": """
        round, square, rectangular, long, short, triangular, octagonal, oval, circular, curved,
        rounded, diamond, cylindrical, domed, recessed, folded, curled, spherical, heart shaped,
        star shaped, hexagonal, cubic, crescent, conical, arched, pointy""",
    "pose": """
        standing, sitting, walking, running, lying, jumping, crouching, bending, kneeling,
        leaning, squatting, bent, crouched, pointing, perched, hanging, bending over, laying down,
        reclining, taking pictures, taking a picture, taking a photo, taking photos, making a
        face, brushing teeth, shaking hands""",
    "activity": """
        playing, eating, waiting, sleeping, resting, posing, talking, looking down, looking up,
        reading, cooking, drinking, driving, staring, watching, smiling, working, grazing, flying,
        swinging, waving, laughing, singing, dancing, fishing, barking, splashing, crossing,
        traveling, brushing teeth, taking pictures, taking a picture, taking bath, shopping,
        painting, writing, pushing, pulling, climbing, catching, throwing""",
    "sportActivity": """
        skateboarding, surfing, skiing, snowboarding, riding, swimming, performing trick, skating,
        batting, racing, playing tennis, playing baseball, playing soccer, golfing, cycling,
        sledding, jogging""",
    "age": "young, old, little, elderly, adult, baby, older, teenage, middle aged",
    "height": "tall, short",
    "length": "long, short",
    "width": "wide, narrow",
    "thickness": "thick, thin",
    "depth": "deep, shallow",
    "weight": "heavy, light",
    "fatness": "thin, fat, skinny, chubby, slim, thick",
    "hardness": "hard, soft",
    "texture": "fine, coarse, smooth, rough, fluffy, furry, bumpy",
    "state": "calm, rough, still, choppy, smooth, wavy",
    "cleanliness": "clean, dirty, stained, tinted, muddy, messy, spotless",
    "pattern": """
        striped, checkered, dotted, plaid, floral, spotted, polka dot, camouflage, patterned,
        speckled, zigzag, plain""",
    "face expression": "smiling, happy, sad, serious, angry, laughing, making a face, surprised",
    "gender": "male, female",
    "race": "asian, caucasian, african, black, white",
    "realism": "real, fake, stuffed, artificial",
    "tone": "dark, light, pale, bright",
    "brightness": "bright, dark, dim, shiny, sunny",
    "opaqness": "clear, transparent, translucent, opaque, murky",
    "flavor": "chocolate, vanilla, strawberry, cheese, sweet, lemon, pepperoni, cherry",
    "company": "nike, adidas, apple, dell, samsung, sony, coca cola",
    "orientation": "horizontal, vertical, upside down, diagonal",
    "weather": """
        cloudy, clear, sunny, cloudless, overcast, partly cloudy, foggy, rainy, stormy, snowy,
        hazy, windy""",
    "event": "birthday, christmas, wedding, graduation, halloween, parade",
    "liquid": "water, coffee, beer, wine, milk, juice, soda, tea",
    "sport": "baseball, tennis, soccer, ski, basketball, football, hockey, golf, volleyball",
    "hposition": "left, right",
    "vposition": "top, bottom, middle",
    "location": "outdoors, indoors",
}
