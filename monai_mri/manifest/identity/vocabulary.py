"""Words that software and radiologists write everywhere, so that they say nothing of a person."""

from __future__ import annotations

import re

_WORDS = """
    abdomen acdsee achieva acq acquisition adc adobe aera afni algebra allegra altea amira amygdala
    analyze anat anatomical and annot anon anonymized anonymous ants architect art artist asl asset
    atlas aug avanto average averaged avg ax ax3d axial axt baseline bet beta bias bids bit bits blade
    blip body bold bone both bottom brain brainmask brains brainvis brainvoyager bravo bruker bspline
    bval bvec by calc calibration camino caret case cases cat cat12 caudate cerebellum cerebro cerveau
    cervical cest ch ch2 channel cho cingulate ciss class classification cm co coil colfa colin27 color
    colour com combined common composite compressed con consensus contrast control conversion convert
    convert3d converted converter cool cope cor cor3d coregister coregistered corf corona coronal
    correct corrected correlation cort cortex cost cr crane cranial cranium created crop cropped cs csf
    ct cube cut dark data dce dcm dcm2niix dcmtk debian deep deface defaced default deformation deformed
    delay demo denoised density deriv derivative derivatives derived dicom diff difference diffusion
    dipy dir dirac direction dis dis2d dis3d discovery disp distance dixon dose double dti dual dummy
    dwi dyn dynamic eadc ear echo edema editor elastix elition em enc encefalo encephale encephalic
    encephalon enhanced enhancing entropy ep ep2d epi epsilon espree est estimate exam example exp
    expert export exported extraction fa fast fat fatsat fd feature ffe ffmpeg field fieldmap fiesta
    file filled filter final first fit flair flash flip float float32 float64 flow fluid fmri fmriprep
    fold follow followup foot for force format fourier frame free freesurfer freq frfse from frontal fs
    fse fsl fslmaths fstat full func functional fused gad gadolinium gauss gaussian gd ge gehirn
    generate generated gif gimp glioma gm gnu gold gradient grappa gray gre grey ground group gt gzip
    hand haste hc hcp head headneck health healthcare healthy heart hemisphere high highb highres hip
    hippocampus hires hist histogram horos hot http https hz iac icbm icbm152nlin2009 ident illustrator
    im image imagej imagemagick images imaging img import imported index inf ingenia initial inkscape
    input insula int int16 intellispace intensity intent intera interp interpolated intrastudy inv
    inverse inverted ipat ir irfanview iso isotropic itk itksnap jacobian jet jpeg kernel khz km knee
    kopf label labels lanczos large last lavf left len lesion lesions level lib library lin linear linux
    list liver lobe localiser localizer log longitudinal longtr lores loss low lowb lowres ls lumbar lut
    macos mag magic magnetom magnitude map maps mask masks master matlab matplotlib matrix max mb mdc
    mddw mean median medical meningioma merged mhz micro microsoft min minc mincconvert mini minip mip
    mipav mit mm mn mni mni152 mni305 mode model modulated monai month months motion mp mp2rage mpr
    mpr3d mprage mr mra mri mricro mricrogl mricron mrtrix ms mse mtr multi multiband nativ native nd
    nearest neck neuro nibabel nifti nifti1 nifti2 nifty niftyreg nii nlin nlin2009 no noise none noneck
    nonlinear norm normal normalise normalised normalize normalized nucleus num numpy object occipital
    of off ohne old on ones opencv optima orbit orbits org orig original osirix out output overlay pa
    padded paint pallidum paraview parcellation parietal part partial pat patch patches patient patients
    pd pe perf perfusion pha phantom phase philips photo photoshop picasa pillow pituitary pixel pixels
    plaque plaques png post pre pred prediction premier prisma prob probability processed produced
    projection propeller prostate protocol proton pseudo putamen pvalue python qa qsiprep qsm quality
    quicktime rapid raw real realign realigned rec recon reduced ref reference reformat reformatted reg
    region regions registered removed repeat res resampled rescaled research resized reslice resliced
    resolution rest resting result rev revision rgb right rigid roi rot rotated routine run sag sag3d
    sagittal sagt sample save saved scale scaled scan scanner schaedel score scout se second seg segment
    segmentation segmentations segmented sella sense sequence series ses session session1 session2 set
    shape sharp shc shear shim short siemens sigma signa signal simpleitk sinc single site size skull
    skyra slab slice slicer slices small smooth smoothed smoothing smri sms snap snr soft software sola
    source space spc spectrum spgr spin spine spm spm12 spm2 spm8 spm99 ssfse stack standard stat
    statistic std stir strip stripped structural study sub subcortical subj subject subjects sum surface
    survey susceptibility swi symmetric symphony syn syngo synth synthetic system systems tal talairach
    target te temp template temporal tensor test testing tfe thalamus thick thin thorax threshold
    thresholded ti tiff time tirm tissue tmp to tof tool tools toshiba total tp tr tra trace tracew
    train training trans transform transformed translation transverse trio true trufi tse tstat tumor
    tumour turbo two ubuntu uint uint16 uint8 ukb uncompressed unit unknown unnamed untitled unwarped
    using val valid validation value values var varcope vector vent ventricle ventricles verio version
    vessel vibe vida view visit vista vol volume volumes voxel voxels voxelwise warp warped water week
    weeks weight weighted white whole windows winsor with without wm wo workbench world written www xml
    xnat year years zero zeros zoom zstat
"""
WORDS = frozenset(_WORDS.split())
_WORD = re.compile(r"[^\W\d_]{2,}")
_VERSION = re.compile(
    r"^v?\d+(\.\d+){1,3}(:[0-9a-f]{4,12})?$|^[0-9a-f]{7,40}$|^FSL[\d.]*$|^SPM\d*$", re.IGNORECASE
)
_PLACEHOLDER = re.compile(
    r"(anon\w*|de-?identified|unknown|none|null|nan|n/?a|removed|redacted|empty|no ?name|not ?available|"
    r"x{2,}|0+|-+|(sub|subj|subject|pat|patient|case|control|hc|ms|person|participant|volunteer|phantom|test|s|p|c)"
    r"[-_ ]?\d{1,6})",
    re.IGNORECASE,
)


def unusual_words(text: str) -> list[str]:
    """The words of a text that neither software nor a protocol explains.

    >>> unusual_words("FSL5.0"), unusual_words("spm - 3D normalized"), unusual_words("scan of Miller")
    ([], [], ['Miller'])
    """
    pieces = [piece for piece in text.split() if not _VERSION.match(piece)]
    words = _WORD.findall(" ".join(pieces))
    return [word for word in words if word.lower() not in WORDS]


def is_placeholder(text: str) -> bool:
    """Whether a value only says that something was taken out, or is a study's own running number.

    >>> is_placeholder("Anonymous"), is_placeholder("sub-007"), is_placeholder("Miller")
    (True, True, False)
    """
    return not text.strip() or _PLACEHOLDER.fullmatch(text.strip(" ^")) is not None
